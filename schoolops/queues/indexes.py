"""Indexes of the ledger. Few: each one is paid by every job twice, when it comes and when it goes."""

from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec(
        "job_ready",
        "queues_job",
        ("queue", "school", "priority DESC", "id"),
        condition="run_at IS NULL",
        purpose="the relay's fair pick: the oldest ready jobs of each school",
    ),
    IndexSpec(
        "job_due",
        "queues_job",
        ("run_at",),
        condition="run_at IS NOT NULL",
        purpose="scheduled jobs that have become due",
    ),
    IndexSpec(
        "job_tracked",
        "queues_job",
        ("school", "id DESC"),
        condition="tracked",
        purpose="what a school's people wait for, newest first; few jobs are tracked, the others pay nothing",
    ),
    IndexSpec(
        "letter_on_the_desk",
        "queues_deadletter",
        ("queue", "school", "id"),
        condition="discarded_at IS NULL",
        purpose="the dead letters nobody has decided about, by queue and school",
    ),
    IndexSpec("attempt_by_job", "queues_attempt", ("job_id",), purpose="the failed tries of one job"),
    IndexSpec("once_key_expired", "queues_oncekey", ("expires_at",), purpose="keys the janitor may delete"),
    IndexSpec("outcome_expired", "queues_outcome", ("expires_at",), purpose="outcomes the janitor may delete"),
    IndexSpec("answer_expired", "queues_rememberedanswer", ("expires_at",), purpose="answers the janitor may delete"),
    IndexSpec(
        "operator_action_by_job",
        "queues_operatoraction",
        ("job_id",),
        condition="job_id IS NOT NULL",
        purpose="what operators did to one job",
    ),
)
