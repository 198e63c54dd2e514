"""A report card that is published never changes and is never deleted."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION reports_card_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a report card that is published never changes'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reports_card_stays';
END $$;
CREATE TRIGGER reports_card_stays BEFORE UPDATE OR DELETE ON reports_reportcard FOR EACH ROW
    WHEN (OLD.state = 'published') EXECUTE FUNCTION reports_card_stays();
"""
BACKWARD = """
DROP TRIGGER reports_card_stays ON reports_reportcard;
DROP FUNCTION reports_card_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
