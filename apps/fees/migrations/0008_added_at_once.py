"""What is put into a bill or a transaction later is refused once for a statement, not once for a row.

A bill and a transaction are asked for all of what is theirs as they are committed. What comes to an older one goes above
what that says it has: one question for however many rows a statement writes.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION fees_within_bill() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE over boolean;
BEGIN
    EXECUTE format(CASE TG_TABLE_NAME WHEN 'fees_invoiceline' THEN
        'SELECT EXISTS (SELECT FROM %1$I.fees_invoice i WHERE i.id IN (SELECT a.invoice_id FROM added a)
            AND (SELECT count(*) FROM %1$I.fees_invoiceline l WHERE l.invoice_id = i.id) > i.line_count)'
    ELSE
        'SELECT EXISTS (SELECT FROM %1$I.fees_invoice i WHERE i.id IN (SELECT a.invoice_id FROM added a)
            AND (SELECT sum(p.amount) FROM %1$I.fees_instalment p WHERE p.invoice_id = i.id) > i.total)'
    END, TG_TABLE_SCHEMA) INTO over;
    IF over THEN
        RAISE EXCEPTION 'the lines and the instalments of a bill are all there from the start and come to its total'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_invoice_adds_up';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER fees_line_adds_up ON fees_invoiceline;
CREATE TRIGGER fees_line_adds_up AFTER INSERT ON fees_invoiceline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION fees_within_bill();
DROP TRIGGER fees_instalment_adds_up ON fees_instalment;
CREATE TRIGGER fees_instalment_adds_up AFTER INSERT ON fees_instalment
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION fees_within_bill();

CREATE FUNCTION fees_within_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE over boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM %1$I.fees_ledgertransaction t WHERE t.id IN (SELECT a.transaction_id FROM added a)
            AND (SELECT count(*) FROM %1$I.fees_ledgerentry e WHERE e.transaction_id = t.id) > t.legs)',
        TG_TABLE_SCHEMA) INTO over;
    IF over THEN
        RAISE EXCEPTION 'the legs of a transaction are all there from the start, of its campus, and sum to zero'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_transaction_balances';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER fees_entry_balances ON fees_ledgerentry;
CREATE TRIGGER fees_entry_balances AFTER INSERT ON fees_ledgerentry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION fees_within_transaction();
"""
BACKWARD = """
DROP TRIGGER fees_entry_balances ON fees_ledgerentry;
DROP FUNCTION fees_within_transaction();
CREATE CONSTRAINT TRIGGER fees_entry_balances AFTER INSERT ON fees_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fees_transaction_balances('transaction_id');
DROP TRIGGER fees_instalment_adds_up ON fees_instalment;
DROP TRIGGER fees_line_adds_up ON fees_invoiceline;
DROP FUNCTION fees_within_bill();
CREATE CONSTRAINT TRIGGER fees_line_adds_up AFTER INSERT ON fees_invoiceline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fees_invoice_adds_up('invoice_id');
CREATE CONSTRAINT TRIGGER fees_instalment_adds_up AFTER INSERT ON fees_instalment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fees_invoice_adds_up('invoice_id');
"""


class Migration(migrations.Migration):
    dependencies = [("fees", "0007_a_cashiers_day")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
