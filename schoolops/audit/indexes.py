from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec(
        "audit_by_object",
        "audit_auditentry",
        ("object_type", "object_id", "id DESC"),
        purpose="the trail of one object, newest first",
    ),
    IndexSpec(
        "audit_by_actor",
        "audit_auditentry",
        ("actor_id", "id DESC"),
        condition="actor_id <> ''",
        purpose="what one person did, newest first",
    ),
    IndexSpec("audit_by_time", "audit_auditentry", ("at",), method="brin", purpose="the trail of a period"),
)
