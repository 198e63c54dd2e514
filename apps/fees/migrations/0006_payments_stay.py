"""What was paid stays; what of it pays a bill, and what goes back, is within both sides."""

from django.db import migrations

from schoolops import append_only

FORWARD = """
CREATE FUNCTION fees_allocated_within() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE fits boolean; of_payment bigint := NEW.payment_id;
BEGIN
    -- Held, so that two at once see each other: whose payment it is first (who pays may not change payments, and so
    -- not hold them), then the bill.
    EXECUTE format('SELECT FROM %1$I.students_student s WHERE s.id = (
            SELECT p.student_id FROM %1$I.fees_payment p WHERE p.id = $1) FOR NO KEY UPDATE', TG_TABLE_SCHEMA)
        USING of_payment;
    IF TG_TABLE_NAME = 'fees_allocation' THEN
        EXECUTE format('SELECT FROM %1$I.fees_invoice WHERE id = $1 FOR NO KEY UPDATE', TG_TABLE_SCHEMA)
            USING NEW.invoice_id;
        EXECUTE format(
            'SELECT p.currency = i.currency AND p.institution_id = i.institution_id AND i.currency = $3
                AND (i.state = ''issued'' OR $5)
                AND CASE WHEN $5 THEN
                    (SELECT COALESCE(sum(CASE WHEN a.released THEN -a.amount ELSE a.amount END), 0)
                       FROM %1$I.fees_allocation a WHERE a.invoice_id = i.id AND a.payment_id = p.id) >= $4
                ELSE
                    (SELECT COALESCE(sum(CASE WHEN a.released THEN -a.amount ELSE a.amount END), 0)
                       FROM %1$I.fees_allocation a WHERE a.invoice_id = i.id)
                    + (SELECT COALESCE(sum(c.amount), 0) FROM %1$I.fees_creditnote c WHERE c.invoice_id = i.id)
                    + $4 <= i.total
                END
               FROM %1$I.fees_payment p, %1$I.fees_invoice i WHERE p.id = $1 AND i.id = $2', TG_TABLE_SCHEMA)
            INTO fits USING of_payment, NEW.invoice_id, NEW.currency, NEW.amount, NEW.released;
        IF fits IS NOT TRUE THEN
            RAISE EXCEPTION 'what pays a bill comes to what is left of it at most'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_allocated_within';
        END IF;
        IF NEW.released THEN
            RETURN NEW;
        END IF;
    END IF;
    EXECUTE format(
        'SELECT p.currency = $2 AND $3
            + (SELECT COALESCE(sum(CASE WHEN a.released THEN -a.amount ELSE a.amount END), 0)
                 FROM %1$I.fees_allocation a WHERE a.payment_id = p.id)
            + (SELECT COALESCE(sum(r.amount), 0) FROM %1$I.fees_refund r WHERE r.payment_id = p.id) <= p.amount
           FROM %1$I.fees_payment p WHERE p.id = $1', TG_TABLE_SCHEMA)
        INTO fits USING of_payment, NEW.currency, NEW.amount;
    IF fits IS NOT TRUE THEN
        RAISE EXCEPTION 'what pays bills and what goes back comes to the payment at most'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_payment_within';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fees_allocated_within BEFORE INSERT ON fees_allocation
    FOR EACH ROW EXECUTE FUNCTION fees_allocated_within();
CREATE TRIGGER fees_refunded_within BEFORE INSERT ON fees_refund
    FOR EACH ROW EXECUTE FUNCTION fees_allocated_within();

CREATE OR REPLACE FUNCTION fees_invoice_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE settled boolean := true;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'issued' AND NEW.state = 'void'
       AND to_jsonb(NEW) - 'state' - 'void_reason' = to_jsonb(OLD) - 'state' - 'void_reason' THEN
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM %1$I.fees_creditnote c WHERE c.invoice_id = $1)
                 OR (SELECT COALESCE(sum(CASE WHEN a.released THEN -a.amount ELSE a.amount END), 0) <> 0
                       FROM %1$I.fees_allocation a WHERE a.invoice_id = $1)', TG_TABLE_SCHEMA)
            INTO settled USING NEW.id;
    END IF;
    IF settled THEN
        RAISE EXCEPTION 'a bill that was issued stays; before anything is paid or credited on it, it can be void'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'fees_invoice_stays';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION fees_credit_within_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE fits boolean;
BEGIN
    EXECUTE format('SELECT FROM %1$I.fees_invoice WHERE id = $1 FOR NO KEY UPDATE', TG_TABLE_SCHEMA)
        USING NEW.invoice_id;
    EXECUTE format(
        'SELECT i.state = ''issued'' AND i.currency = $2 AND i.institution_id = $3
            AND $4 + COALESCE((SELECT sum(c.amount) FROM %1$I.fees_creditnote c WHERE c.invoice_id = i.id), 0)
                + COALESCE((SELECT sum(CASE WHEN a.released THEN -a.amount ELSE a.amount END)
                              FROM %1$I.fees_allocation a WHERE a.invoice_id = i.id), 0) <= i.total
           FROM %1$I.fees_invoice i WHERE i.id = $1', TG_TABLE_SCHEMA)
        INTO fits USING NEW.invoice_id, NEW.currency, NEW.institution_id, NEW.amount;
    IF fits IS NOT TRUE THEN
        RAISE EXCEPTION 'what is credited of a bill and what is paid of it come to its total at most'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_credit_within_invoice';
    END IF;
    RETURN NEW;
END $$;
"""
BACKWARD = """
DROP TRIGGER fees_refunded_within ON fees_refund;
DROP TRIGGER fees_allocated_within ON fees_allocation;
DROP FUNCTION fees_allocated_within();
"""


class Migration(migrations.Migration):
    dependencies = [("fees", "0005_taking_money"), ("audit", "0003_as_every_append_only_table")]
    operations = [
        *(append_only.keep(f"fees_{table}") for table in ("payment", "allocation", "refund")),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
