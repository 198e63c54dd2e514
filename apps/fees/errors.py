"""Why an account, a posting, a bill or a payment is refused."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid, NotFound


# --- books ------------------------------------------------------------------------------------------------------------
class BooksUnknown(NotFound):
    """There are no such books."""

    code = "fees:books-unknown"


class AccountUnknown(NotFound):
    """There is no such account."""

    code = "fees:account-unknown"


class AccountCodeTaken(Conflict):
    """This campus has an account {code} already."""

    code = "fees:account-code-taken"
    field = "code"


class AccountChargedTo(Conflict):
    """What is charged for {item} is posted to the account {account}."""

    code = "fees:account-charged-to"
    remedy = "Give the fee items that name it another account, or retire them; then it can be retired."
    field = "retired"


class AccountNeeded(Conflict):
    """The account {account} is posted to by itself, and cannot be retired."""

    code = "fees:account-needed"
    field = "retired"


class AccountHasEntries(Conflict):
    """Something is posted to the account {account}, so its kind stays."""

    code = "fees:account-has-entries"
    remedy = "Add another account, and retire this one."
    field = "kind"


class PeriodClosed(Conflict):
    """The books are closed through {through}; nothing is posted on {day}."""

    code = "fees:period-closed"
    remedy = "Post it on a later day: what is corrected after a period is closed is corrected today."
    field = "day"


class PeriodAhead(Invalid):
    """Books are closed through a day that is over; at the campus it is {today}."""

    code = "fees:period-ahead"
    field = "closed_through"


class PeriodClosedFurther(Conflict):
    """The books are closed through {through} already."""

    code = "fees:period-closed-further"
    remedy = "What is closed stays closed; correct it by a posting of today."
    field = "closed_through"


class PostedAlready(Conflict):
    """This was posted already."""

    code = "fees:posted-already"
    remedy = "Read the entries; nothing was posted twice."


class LegsRefused(Invalid):
    """These legs are no transaction; nothing was posted."""

    code = "fees:legs-refused"
    remedy = "Correct what `errors` names; what is debited and what is credited come to the same."


class PostedAhead(Invalid):
    """At the campus it is {today}; nothing is posted ahead of it."""

    code = "fees:posted-ahead"
    field = "day"


class AccountKeptByBills(Invalid):
    """What families owe and have paid ahead is posted by bills and payments, not by hand."""

    code = "fees:account-kept-by-bills"


# --- charging ---------------------------------------------------------------------------------------------------------
class FeeItemUnknown(NotFound):
    """There is no such fee item."""

    code = "fees:item-unknown"


class FeeItemTwice(Conflict):
    """These fees have an item called {name} already."""

    code = "fees:item-twice"
    field = "name"


class FeeItemBilled(Conflict):
    """The item {name} was billed, so what it is charged for stays."""

    code = "fees:item-billed"
    remedy = "Retire it and add another one, or change its name or its amount: bills that were issued stay as they are."


class NothingToCopy(Conflict):
    """There is nothing in the other year's fees that this one does not have."""

    code = "fees:nothing-to-copy"


class NotOfThisCampus(Invalid):
    """What this names is of another campus or year."""

    code = "fees:not-of-this-campus"
    remedy = "Choose what belongs to the campus and the year of the item."


class NoIncomeAccount(Invalid):
    """Fees are booked to an income account that is in use; {account} is none."""

    code = "fees:no-income-account"
    field = "account_id"


class NoAccountFor(Conflict):
    """{campus} has no accounts yet to which fees are booked by themselves."""

    code = "fees:no-account-for"
    remedy = "Save the campus once more: it gets the accounts that every campus begins with."


class StudentFeeUnknown(NotFound):
    """There is no such choice."""

    code = "fees:student-fee-unknown"


class StudentFeeTwice(Conflict):
    """The student has chosen about this item already."""

    code = "fees:student-fee-twice"
    remedy = "Remove that choice first, or give it other days."


class StudentFeeDoesNothing(Invalid):
    """The item {name} is charged by itself or not without this."""

    code = "fees:student-fee-does-nothing"
    remedy = "An optional item is added; of the others a student opts out."
    field = "kind"


class StudentFeeEndsFirst(Invalid):
    """It ends before it starts."""

    code = "fees:student-fee-ends-first"
    field = "ends_on"


class ConcessionUnknown(NotFound):
    """There is no such concession."""

    code = "fees:concession-unknown"


class ConcessionOfWhat(Invalid):
    """A concession is a percentage, or an amount: one of the two."""

    code = "fees:concession-of-what"
    field = "percent"


class ConcessionApproved(Conflict):
    """This concession is approved already."""

    code = "fees:concession-approved"


class LateFeeRuleUnknown(NotFound):
    """There is no such rule of late fees."""

    code = "fees:late-fee-rule-unknown"


class LateFeeRuleTwice(Conflict):
    """This campus has a rule of late fees already."""

    code = "fees:late-fee-rule-twice"
    field = "institution"
    remedy = "Change that one."


class LateFeeOfWhat(Invalid):
    """A late fee is a percentage, or an amount: one of the two."""

    code = "fees:late-fee-of-what"
    field = "percent"


class NoSiblings(Conflict):
    """There are no brothers and sisters in this year who have no such concession yet."""

    code = "fees:no-siblings"
    remedy = "A family are those who share a legal guardian, or one who receives their invoices: look at the guardians."


class ConcessionEnded(Conflict):
    """This concession has ended."""

    code = "fees:concession-ended"
    remedy = "Ask for another one."


class ApprovedByOneself(Conflict):
    """A concession is approved by somebody else than who asked for it."""

    code = "fees:approved-by-oneself"
    remedy = "{who} can approve it."


class PayersRefused(Invalid):
    """These are no payers of the student; nothing was changed."""

    code = "fees:payers-refused"
    remedy = "Each is a guardian of the student, named once, and their percentages come to 100; none at all is fine."


# --- bills ------------------------------------------------------------------------------------------------------------
class RunUnknown(NotFound):
    """There is no such run."""

    code = "fees:run-unknown"


class DueDaysRefused(Invalid):
    """Bills are due on days from today on, each named once and in order."""

    code = "fees:due-days-refused"
    field = "due_on"


class RunNotDraft(Conflict):
    """This run was confirmed already."""

    code = "fees:run-not-draft"
    remedy = "Begin another run: who was billed is not billed again."


class AnotherRun(Conflict):
    """Another run of this term is under way."""

    code = "fees:another-run"
    remedy = "Wait until it is done."


class RunComesToAnother(Conflict):
    """The run comes to {total} by now; you confirmed {expected}."""

    code = "fees:run-comes-to-another"
    remedy = "Look at the preview again, and confirm what it says."
    field = "total"


class NothingToBill(Conflict):
    """There is nothing to bill in this run."""

    code = "fees:nothing-to-bill"
    remedy = "The preview says who is left out, and why."


class InvoiceUnknown(NotFound):
    """There is no such bill."""

    code = "fees:invoice-unknown"


class InvoiceVoid(Conflict):
    """The bill {number} is void."""

    code = "fees:invoice-void"
    remedy = "What was on it can be billed again by another run."


class InvoiceSettled(Conflict):
    """Something is paid or credited on the bill {number}, so it stays."""

    code = "fees:invoice-settled"
    remedy = "Write a credit note."


class CreditTooHigh(Conflict):
    """Of the bill {number} at most {most} can be credited."""

    code = "fees:credit-too-high"
    field = "amount"


# --- payments ---------------------------------------------------------------------------------------------------------
class PaymentUnknown(NotFound):
    """There is no such payment."""

    code = "fees:payment-unknown"


class PaymentKeyTaken(Conflict):
    """Another payment was taken under this key."""

    code = "fees:payment-key-taken"
    remedy = "Look at what was taken; a payment of its own needs a key of its own."


class PayerOfAnother(Invalid):
    """Whoever is named as payer is no guardian of this student."""

    code = "fees:payer-of-another"
    remedy = "Name one of the student's guardians, or nobody: then the receipt is the family's."
    field = "guardian_id"


class InvoiceOfAnother(Invalid):
    """This is no bill of this student at this campus."""

    code = "fees:invoice-of-another"
    remedy = "Take a payment for each child; a payment pays bills of one."
    field = "pays"


class InvoiceTwice(Invalid):
    """The bill {number} is named twice."""

    code = "fees:invoice-twice"
    remedy = "Name each bill once, with all that is to be paid of it."
    field = "pays"


class PaysMoreThanLeft(Conflict):
    """Of the bill {number} {left} is left to pay, and {given} was to pay it."""

    code = "fees:pays-more-than-left"
    remedy = "Look at what is left of the bill: somebody may have paid it meanwhile. What is left over is credit."
    field = "pays"


class PaysMoreThanThereIs(Conflict):
    """Bills were to be paid with {asked}, and there is {free}."""

    code = "fees:pays-more-than-there-is"
    remedy = "Put less against the bills."
    field = "pays"


class NoCredit(Conflict):
    """Nothing is paid ahead, or nothing is due."""

    code = "fees:no-credit"
    remedy = "Take a payment first, or wait for the next bill."


class RefundTooHigh(Conflict):
    """Of this payment at most {most} can be given back."""

    code = "fees:refund-too-high"
    remedy = "What pays a bill stays until the bill is credited; give back what pays none."
    field = "amount"


class RefundUnderWay(Conflict):
    """The card gateway is asked to give back {amount} of this payment, and has not said yet that it did."""

    code = "fees:refund-under-way"
    remedy = "Look at the receipt in a minute: what went back stands there. Then give back what is left."
    field = "amount"


class RefundAskedAnew(Conflict):
    """Another refund of this payment was asked for since."""

    code = "fees:refund-asked-anew"
    remedy = "Look at the receipt: what went back stands there. What is still to go back is asked for there."


class GatewayGone(Conflict):
    """The card gateway that took this payment was forgotten, so nobody can be asked to give it back."""

    code = "fees:gateway-gone"
    remedy = "Give it back another way, in cash or by the bank."
    field = "method"


class PaymentGoneBack(Conflict):
    """Of this payment something went back already."""

    code = "fees:payment-gone-back"
    remedy = "Look at what went back; what the books need besides is posted by hand."


class NotACheque(Conflict):
    """This payment is no cheque that is to be cleared."""

    code = "fees:not-a-cheque"
    remedy = "Only cheques clear or bounce, each once; any other payment that was taken by mistake is reversed."


class NotACard(Conflict):
    """This payment was not made by card."""

    code = "fees:not-a-card"
    remedy = "Only what was paid by card is charged back; any other payment bounces or is reversed."


class ChequeNotCleared(Conflict):
    """The cheque is not cleared yet, so nothing of it can be given back."""

    code = "fees:cheque-not-cleared"
    remedy = "Clear it once the bank has paid it."


# --- cards through a gateway ------------------------------------------------------------------------------------------
class CardsNotTaken(Conflict):
    """The school takes no card payments over the web at the moment."""

    code = "fees:cards-not-taken"
    remedy = "Pay another way, or ask the school's office."


class GatewayNotSet(NotFound):
    """The school has no card gateway."""

    code = "fees:gateway-not-set"


class GatewayNotOffered(Invalid):
    """This installation has no card gateway called {name}."""

    code = "fees:gateway-not-offered"
    remedy = "It has: {offered}."
    field = "gateway"


class GatewayKeyNeeded(Invalid):
    """Another gateway needs a key of its own."""

    code = "fees:gateway-key-needed"
    remedy = "Enter the secret key and the signing secret that the gateway shows."
    field = "secret"


class GatewayInUse(Conflict):
    """What somebody began to pay through this gateway has not ended."""

    code = "fees:gateway-in-use"
    remedy = "It ends within the hour where the gateway answers, and in three days where it does not. Forget it then."
    field = "gateway"


class NothingDue(Conflict):
    """Nothing is left to pay here."""

    code = "fees:nothing-due"


class IntentUnknown(NotFound):
    """There is no such payment."""

    code = "fees:intent-unknown"


class IntentOver(Conflict):
    """This payment was made, or was not made in time."""

    code = "fees:intent-over"
    remedy = "Look at what is still due, and begin another one."


class BackElsewhere(Invalid):
    """The browser goes back to an address of the school after paying, and this is none."""

    code = "fees:back-elsewhere"
    remedy = "Send an address of the school, or a path of it."
    field = "return_url"


class SaidByTheGateway(Conflict):
    """The card gateway says what becomes of this payment; nobody else does."""

    code = "fees:said-by-the-gateway"
    remedy = "Give it back through the gateway; what its card's bank takes back is booked by itself."


# --- the drawer -------------------------------------------------------------------------------------------------------
class DrawerCounted(Conflict):
    """The drawer was counted on {day} already."""

    code = "fees:drawer-counted"
    remedy = "What came in since is counted tomorrow; what was wrong is posted by hand."


class LeavesMoreThanCounted(Invalid):
    """{counted} was counted, so no more than that can stay in the drawer."""

    code = "fees:leaves-more-than-counted"
    field = "left"


class DifferenceNeedsReason(Invalid):
    """By the books {expected} should lie in the drawer. Say why it differs."""

    code = "fees:difference-needs-reason"
    remedy = "Count again; what still differs is booked with your reason."
    field = "reason"


# --- what a bank says -------------------------------------------------------------------------------------------------
class BankStatementUnknown(NotFound):
    """There is no such file of a bank, or you may not see it."""

    code = "fees:bank-statement-unknown"


class BankStatementNotReady(Conflict):
    """This file is not read, or cannot be."""

    code = "fees:bank-statement-not-ready"
    remedy = "Wait until it is read; where it could not be, say what its columns hold."


class BankStatementComesToAnother(Conflict):
    """What is to be confirmed comes to {total}, and {expected} was seen."""

    code = "fees:bank-statement-comes-to-another"
    remedy = "Look at the lines again: some were taken, or are proposed otherwise, by now."
    field = "total"


class BankLineUnknown(NotFound):
    """There is no such line of a bank, or you may not see it."""

    code = "fees:bank-line-unknown"


class BankLineSettled(Conflict):
    """This line is {state} already."""

    code = "fees:bank-line-settled"
    remedy = "Look at what was taken of it; once that is undone it can be taken up again."


class BankLineSharesDiffer(Invalid):
    """The line is {amount}, and its shares come to {given}."""

    code = "fees:bank-line-shares-differ"
    remedy = "Share out all of it; what pays no bill is the student's credit."
    field = "parts"


class BankLineIsNoReceipt(Invalid):
    """The receipt {receipt} is no transfer of {amount} that is free to be this line."""

    code = "fees:bank-line-is-no-receipt"
    field = "payment_id"


class BankLineHasPayments(Conflict):
    """What was taken of this line still counts: receipt {receipt}."""

    code = "fees:bank-line-has-payments"
    remedy = "Undo the payment first."
