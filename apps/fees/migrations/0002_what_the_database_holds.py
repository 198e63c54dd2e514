"""Books balance and are only ever added to; a closed period takes nothing; an amount is in its account's currency."""

from django.db import migrations

from schoolops import append_only

FORWARD = """
ALTER TABLE fees_account ADD CONSTRAINT fees_account_in_campus_currency
    FOREIGN KEY (institution_id, currency) REFERENCES institutions_institution (id, currency) ON UPDATE CASCADE;
ALTER TABLE fees_ledgerentry ADD CONSTRAINT booked_in_currency
    FOREIGN KEY (account_id, institution_id, currency) REFERENCES fees_account (id, institution_id, currency);

CREATE FUNCTION fees_books_close_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'books are closed further, never opened again'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'fees_books_close_forward';
END $$;
CREATE TRIGGER fees_books_close_forward BEFORE UPDATE ON fees_books FOR EACH ROW
    WHEN (NEW.institution_id <> OLD.institution_id OR NEW.closed_through < OLD.closed_through
          OR (NEW.closed_through IS NULL AND OLD.closed_through IS NOT NULL))
    EXECUTE FUNCTION fees_books_close_forward();
-- Where anything was posted, the transactions hold the campus.
CREATE TRIGGER fees_books_stay BEFORE DELETE ON fees_books FOR EACH ROW
    WHEN (OLD.closed_through IS NOT NULL) EXECUTE FUNCTION fees_books_close_forward();

CREATE FUNCTION fees_posting_in_open_period() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE books record;
BEGIN
    EXECUTE format('SELECT institution_id, closed_through FROM %1$I.fees_books WHERE institution_id = $1 FOR SHARE',
        TG_TABLE_SCHEMA) INTO books USING NEW.institution_id;
    IF books.institution_id IS NULL THEN
        RAISE EXCEPTION 'this campus keeps no books'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_posting_in_books';
    END IF;
    IF NEW.day <= books.closed_through THEN
        RAISE EXCEPTION 'this period is closed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_posting_in_open_period';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fees_posting_in_open_period BEFORE INSERT ON fees_ledgertransaction
    FOR EACH ROW EXECUTE FUNCTION fees_posting_in_open_period();

CREATE FUNCTION fees_transaction_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE balanced boolean;
BEGIN
    EXECUTE format(
        'SELECT (SELECT count(*) = t.legs AND bool_and(e.institution_id = t.institution_id)
                   FROM %1$I.fees_ledgerentry e WHERE e.transaction_id = t.id)
            AND NOT EXISTS (SELECT FROM %1$I.fees_ledgerentry e WHERE e.transaction_id = t.id GROUP BY e.currency
                            HAVING sum(CASE e.side WHEN ''debit'' THEN e.amount ELSE -e.amount END) <> 0)
           FROM %1$I.fees_ledgertransaction t WHERE t.id = $1', TG_TABLE_SCHEMA)
        INTO balanced USING (to_jsonb(NEW)->>TG_ARGV[0])::bigint;
    IF balanced IS NOT TRUE THEN
        RAISE EXCEPTION 'the legs of a transaction are all there from the start, of its campus, and sum to zero'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_transaction_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER fees_transaction_balances AFTER INSERT ON fees_ledgertransaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fees_transaction_balances('id');
CREATE CONSTRAINT TRIGGER fees_entry_balances AFTER INSERT ON fees_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fees_transaction_balances('transaction_id');
"""
BACKWARD = """
DROP TRIGGER fees_entry_balances ON fees_ledgerentry;
DROP TRIGGER fees_transaction_balances ON fees_ledgertransaction;
DROP FUNCTION fees_transaction_balances();
DROP TRIGGER fees_posting_in_open_period ON fees_ledgertransaction;
DROP FUNCTION fees_posting_in_open_period();
DROP TRIGGER fees_books_stay ON fees_books;
DROP TRIGGER fees_books_close_forward ON fees_books;
DROP FUNCTION fees_books_close_forward();
ALTER TABLE fees_ledgerentry DROP CONSTRAINT booked_in_currency;
ALTER TABLE fees_account DROP CONSTRAINT fees_account_in_campus_currency;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("fees", "0001_initial"),
        ("institutions", "0008_id_currency"),
        ("audit", "0003_as_every_append_only_table"),
    ]
    operations = [
        append_only.keep("fees_ledgertransaction"),
        append_only.keep("fees_ledgerentry"),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
