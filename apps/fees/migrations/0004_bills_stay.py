"""A bill that was issued stays as it is; its lines and instalments come to its total; numbers only go up."""

from django.db import migrations

from schoolops import append_only

FORWARD = """
ALTER TABLE fees_feeitem ADD CONSTRAINT booked_in_currency
    FOREIGN KEY (account_id, institution_id, currency) REFERENCES fees_account (id, institution_id, currency);
ALTER TABLE fees_invoiceline ADD CONSTRAINT booked_in_currency
    FOREIGN KEY (account_id, institution_id, currency) REFERENCES fees_account (id, institution_id, currency);

CREATE FUNCTION fees_item_of_year() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE fits boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM %1$I.institutions_academicyear y
                         WHERE y.id = $1 AND y.institution_id = $2 AND ($3 IS NULL OR EXISTS (
                               SELECT FROM %1$I.institutions_term t WHERE t.id = $3 AND t.year_id = y.id)))',
        TG_TABLE_SCHEMA) INTO fits USING NEW.year_id, NEW.institution_id, NEW.term_id;
    IF NOT fits THEN
        RAISE EXCEPTION 'a fee item is of the campus of its year, and its term is one of that year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_item_of_year';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fees_item_of_year BEFORE INSERT OR UPDATE OF year_id, institution_id, term_id ON fees_feeitem
    FOR EACH ROW EXECUTE FUNCTION fees_item_of_year();

CREATE FUNCTION fees_payers_share_all() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE shared numeric;
BEGIN
    EXECUTE format('SELECT sum(percent) FROM %1$I.fees_payer WHERE student_id = $1', TG_TABLE_SCHEMA)
        INTO shared USING (to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END)->>'student_id')::bigint;
    IF shared <> 100 THEN
        RAISE EXCEPTION 'the payers of a student share 100 percent'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_payers_share_all';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER fees_payers_share_all AFTER INSERT OR UPDATE OR DELETE ON fees_payer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fees_payers_share_all();

CREATE FUNCTION fees_series_goes_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'numbers only go up' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'fees_series_goes_up';
END $$;
CREATE TRIGGER fees_series_goes_up BEFORE UPDATE ON fees_series FOR EACH ROW
    WHEN (NEW.last <= OLD.last
          OR (NEW.institution_id, NEW.kind, NEW.year) IS DISTINCT FROM (OLD.institution_id, OLD.kind, OLD.year))
    EXECUTE FUNCTION fees_series_goes_up();
CREATE TRIGGER fees_series_stays BEFORE DELETE ON fees_series FOR EACH ROW EXECUTE FUNCTION fees_series_goes_up();

CREATE FUNCTION fees_invoice_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE settled boolean := true;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'issued' AND NEW.state = 'void'
       AND to_jsonb(NEW) - 'state' - 'void_reason' = to_jsonb(OLD) - 'state' - 'void_reason' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %1$I.fees_creditnote c WHERE c.invoice_id = $1)', TG_TABLE_SCHEMA)
            INTO settled USING NEW.id;
    END IF;
    IF settled THEN
        RAISE EXCEPTION 'a bill that was issued stays; before anything is paid or credited on it, it can be void'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'fees_invoice_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fees_invoice_stays BEFORE UPDATE OR DELETE ON fees_invoice
    FOR EACH ROW EXECUTE FUNCTION fees_invoice_stays();

CREATE FUNCTION fees_invoice_line_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE lapsed boolean := false;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.standing AND NOT NEW.standing
       AND to_jsonb(NEW) - 'standing' = to_jsonb(OLD) - 'standing' THEN
        EXECUTE format('SELECT i.state = ''void'' FROM %1$I.fees_invoice i WHERE i.id = $1', TG_TABLE_SCHEMA)
            INTO lapsed USING NEW.invoice_id;
    END IF;
    IF NOT lapsed THEN
        RAISE EXCEPTION 'a line stays as its bill does'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'fees_invoice_line_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fees_invoice_line_stays BEFORE UPDATE OR DELETE ON fees_invoiceline
    FOR EACH ROW EXECUTE FUNCTION fees_invoice_line_stays();

CREATE FUNCTION fees_invoice_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE adds_up boolean;
BEGIN
    EXECUTE format(
        'SELECT (SELECT count(*) = i.line_count AND bool_and((l.student_id, l.term_id, l.institution_id, l.currency)
                        = (i.student_id, i.term_id, i.institution_id, i.currency))
                        AND sum(CASE WHEN l.concession_id IS NULL THEN l.amount ELSE -l.amount END) = i.total
                   FROM %1$I.fees_invoiceline l WHERE l.invoice_id = i.id)
            AND (SELECT sum(p.amount) = i.total AND bool_and(p.currency = i.currency)
                   FROM %1$I.fees_instalment p WHERE p.invoice_id = i.id)
           FROM %1$I.fees_invoice i WHERE i.id = $1', TG_TABLE_SCHEMA)
        INTO adds_up USING (to_jsonb(NEW)->>TG_ARGV[0])::bigint;
    IF adds_up IS NOT TRUE THEN
        RAISE EXCEPTION 'the lines and the instalments of a bill are all there from the start and come to its total'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_invoice_adds_up';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER fees_invoice_adds_up AFTER INSERT ON fees_invoice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fees_invoice_adds_up('id');
CREATE CONSTRAINT TRIGGER fees_line_adds_up AFTER INSERT ON fees_invoiceline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fees_invoice_adds_up('invoice_id');
CREATE CONSTRAINT TRIGGER fees_instalment_adds_up AFTER INSERT ON fees_instalment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fees_invoice_adds_up('invoice_id');

CREATE FUNCTION fees_credit_within_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE fits boolean;
BEGIN
    -- Held, so that two who credit one bill at once see each other.
    EXECUTE format('SELECT FROM %1$I.fees_invoice WHERE id = $1 FOR NO KEY UPDATE', TG_TABLE_SCHEMA)
        USING NEW.invoice_id;
    EXECUTE format(
        'SELECT i.state = ''issued'' AND i.currency = $2 AND i.institution_id = $3 AND $4 + COALESCE(
                (SELECT sum(c.amount) FROM %1$I.fees_creditnote c WHERE c.invoice_id = i.id), 0) <= i.total
           FROM %1$I.fees_invoice i WHERE i.id = $1', TG_TABLE_SCHEMA)
        INTO fits USING NEW.invoice_id, NEW.currency, NEW.institution_id, NEW.amount;
    IF fits IS NOT TRUE THEN
        RAISE EXCEPTION 'what is credited of a bill comes to its total at most'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_credit_within_invoice';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fees_credit_within_invoice BEFORE INSERT ON fees_creditnote
    FOR EACH ROW EXECUTE FUNCTION fees_credit_within_invoice();
"""
BACKWARD = """
DROP TRIGGER fees_credit_within_invoice ON fees_creditnote;
DROP FUNCTION fees_credit_within_invoice();
DROP TRIGGER fees_instalment_adds_up ON fees_instalment;
DROP TRIGGER fees_line_adds_up ON fees_invoiceline;
DROP TRIGGER fees_invoice_adds_up ON fees_invoice;
DROP FUNCTION fees_invoice_adds_up();
DROP TRIGGER fees_invoice_line_stays ON fees_invoiceline;
DROP FUNCTION fees_invoice_line_stays();
DROP TRIGGER fees_invoice_stays ON fees_invoice;
DROP FUNCTION fees_invoice_stays();
DROP TRIGGER fees_series_stays ON fees_series;
DROP TRIGGER fees_series_goes_up ON fees_series;
DROP FUNCTION fees_series_goes_up();
DROP TRIGGER fees_payers_share_all ON fees_payer;
DROP FUNCTION fees_payers_share_all();
DROP TRIGGER fees_item_of_year ON fees_feeitem;
DROP FUNCTION fees_item_of_year();
ALTER TABLE fees_invoiceline DROP CONSTRAINT booked_in_currency;
ALTER TABLE fees_feeitem DROP CONSTRAINT booked_in_currency;
"""


class Migration(migrations.Migration):
    dependencies = [("fees", "0003_charging_and_billing"), ("audit", "0003_as_every_append_only_table")]
    operations = [
        append_only.keep("fees_instalment"),
        append_only.keep("fees_creditnote"),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
