"""The accountant reads and keeps the books over the API; amounts are texts with the decimals of their currency."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from apps.accounts.models import User
from apps.fees.models import Account
from tests.apps.asking import asking
from tests.factories import money
from tests.factories.people import SCHOOL_DAY, Campus


def posting(campus: Campus, chart: dict[str, Account], amount: str = "20.5") -> dict[str, Any]:
    return {
        "institution_id": str(campus.institution.sourced_id),
        "day": str(SCHOOL_DAY),
        "memo": "To the bank",
        "legs": [
            {"account_id": str(chart["bank"].sourced_id), "side": "debit", "amount": amount},
            {"account_id": str(chart["cash"].sourced_id), "side": "credit", "amount": amount},
        ],
    }


def test_a_balance_is_the_sum_of_what_was_posted(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    ask = asking(anton)
    for amount in ("20.5", "7"):
        said = posting(campus, chart, amount)
        assert ask.post("ledger-postings", said, headers={"Idempotency-Key": str(uuid4())}).status_code == 201
    rows = {row["purpose"]: row for row in ask.rows(f"accounts?institution_id={campus.institution.sourced_id}")}
    assert (rows["bank"]["debit"], rows["bank"]["credit"], rows["bank"]["balance"]) == ("27.50", "0.00", "27.50")
    assert rows["cash"]["balance"] == "-27.50"
    entries = ask.rows(f"ledger-entries?account_id={chart['bank'].sourced_id}")
    assert [(row["side"], row["amount"], row["currency"]) for row in entries] == [
        ("debit", "20.50", "GBP"),
        ("debit", "7.00", "GBP"),
    ]


def test_a_posting_sent_twice_is_posted_once(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    ask, key = asking(anton), {"Idempotency-Key": str(uuid4())}
    first, again = (ask.post("ledger-postings", posting(campus, chart), headers=dict(key)) for _each in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(ask.rows("ledger-entries")) == 2
    refused = ask.post("ledger-postings", posting(campus, chart))
    assert (refused.status_code, refused.json()["code"]) == (400, "api:idempotency-key-missing")


@pytest.mark.parametrize("amount", ["NaN", "-1", "1e3", "0.0001", "1,5", 20])
def test_what_is_no_amount_never_reaches_the_books(
    campus: Campus, chart: dict[str, Account], anton: User, amount: Any
) -> None:
    ask = asking(anton)
    said = posting(campus, chart, amount)
    answer = ask.post("ledger-postings", said, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == {"legs.0.amount", "legs.1.amount"}
    assert ask.rows("ledger-entries") == []


def test_the_chart_of_accounts_is_a_file_for_another_programme(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    file = asking(anton).get("accounts?as=csv&fields=code,name,kind,currency,balance&sort=code")
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[:2] == ["code,name,kind,currency,balance", "1000,Cash,asset,GBP,0.00"]
    assert len(lines) == 1 + Account.objects.count()


def test_an_account_is_added_renamed_and_retired(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    ask = asking(anton)
    said = {"institution_id": str(campus.institution.sourced_id), "code": "5000", "name": "Charges", "kind": "expense"}
    added = ask.post("accounts", said)
    assert (added.status_code, added.json()["currency"], added.json()["purpose"]) == (201, "GBP", "")
    assert ask.post("accounts", {**said, "name": "Other"}).json()["code"] == "fees:account-code-taken"
    where = f"accounts/{added.json()['id']}"
    assert ask.patch(where, {"name": "Bank charges", "retired": True}).json()["retired"] is True
    legs = [{"account_id": added.json()["id"], "side": "debit", "amount": "20.5"}]
    refused = ask.post(
        "ledger-postings",
        {**posting(campus, chart), "legs": legs + posting(campus, chart)["legs"][1:]},
        headers={"Idempotency-Key": str(uuid4())},
    )
    assert [each["code"] for each in refused.json()["errors"]] == ["retired"]
    needed = ask.patch(f"accounts/{chart['cash'].sourced_id}", {"retired": True})
    assert (needed.status_code, needed.json()["code"]) == (409, "fees:account-needed")


def test_an_account_with_entries_keeps_its_kind(campus: Campus, anton: User) -> None:
    ask, chart = asking(anton), money.a_chart(campus.institution)
    said = {"institution_id": str(campus.institution.sourced_id), "code": "5000", "name": "Charges", "kind": "expense"}
    added = ask.post("accounts", said).json()["id"]
    assert ask.patch(f"accounts/{added}", {"kind": "asset"}).status_code == 200
    legs = [{"account_id": added, "side": "debit", "amount": "20.5"}, *posting(campus, chart)["legs"][1:]]
    body = {**posting(campus, chart), "legs": legs}
    assert ask.post("ledger-postings", body, headers={"Idempotency-Key": str(uuid4())}).status_code == 201
    assert ask.patch(f"accounts/{added}", {"kind": "expense"}).json()["code"] == "fees:account-has-entries"


def test_the_chart_takes_one_statement_however_much_is_posted(
    campus: Campus, chart: dict[str, Account], anton: User, query_count: Any
) -> None:
    ask, counts = asking(anton), []
    for _each in range(2):
        for _ in range(8):
            money.to_the_bank(chart, "1", by=anton)
        with query_count() as counted:
            ask.rows("accounts")
        counts.append(counted.count)
    assert counts[0] == counts[1]
