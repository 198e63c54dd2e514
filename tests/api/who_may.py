"""What ``test_who_may_do_what`` expects: a status for every endpoint and role, and how many rows each role sees.

The columns: Administrator, Head, Registrar, Teacher of 7 B, Other teacher (of 7 C), Substitute in 7 B today,
Guardian Carol of two (one in 7 B, one in 7 C), a pUpil herself (the one in 7 B), aCcountant, suPport, ``-`` nobody
logged in, and the head of Elm, with her Elm token, at Oak's address.

404 is what does not exist for whoever asks, 403 what they may not do at all. ``{child}`` is Carol's in 7 B and the
pupil, ``{sibling}`` Carol's in 7 C, ``{classmate}`` one of 7 B whom a court keeps from Carol; ``ground.py`` has
the rest.
"""

from __future__ import annotations

COLUMNS = "AHRTOSGUCP-E"

EXPECTED = """\
#                                                                A   H   R   T   O   S   G   U   C   P   -   E

# open doors and one's own login
GET    schema                                                     200 200 200 200 200 200 200 200 200 200 200 200
GET    docs                                                       200 200 200 200 200 200 200 200 200 200 200 200
GET    school                                                     200 200 200 200 200 200 200 200 200 200 200 200
POST   auth/login                                                 200 200 200 200 200 200 200 200 200 200 200 200
POST   auth/refresh                                               200 200 200 200 200 200 200 200 200 200 200 200
POST   auth/forgotten                                             202 202 202 202 202 202 202 202 202 202 202 202
POST   auth/redeem                                                200 200 200 200 200 200 200 200 200 200 200 200
POST   auth/logout                                                204 204 204 204 204 204 204 204 204 204 401 401
POST   auth/logout-everywhere                                     200 200 200 200 200 200 200 200 200 200 401 401
GET    me                                                         200 200 200 200 200 200 200 200 200 200 401 401
GET    me/permissions                                             200 200 200 200 200 200 200 200 200 200 401 401
POST   me/password                                                200 200 200 200 200 200 200 200 200 200 401 401
POST   me/totp                                                    201 201 201 201 201 201 201 201 201 201 401 401
POST   me/totp/confirm                                            200 200 200 200 200 200 200 200 200 200 401 401
DELETE me/totp                                                    204 204 204 204 204 204 204 204 204 204 401 401

# campuses, years, what is taught
GET    today                                                      200 200 200 200 200 200 200 200 200 200 401 401
GET    institutions                                               200 200 200 200 200 200 200 200 200 200 401 401
POST   institutions                                               201 201 403 403 403 403 403 403 403 403 401 401
GET    institutions/{campus}                                      200 200 200 200 200 200 200 200 200 200 401 401
PATCH  institutions/{campus}                                      200 200 403 403 403 403 403 403 403 403 401 401
GET    institutions/{campus}/logo                                 200 200 200 200 200 200 200 200 200 200 200 401
PUT    institutions/{campus}/logo                                 204 204 403 403 403 403 403 403 403 403 401 401
DELETE institutions/{campus}/logo                                 204 204 403 403 403 403 403 403 403 403 401 401
GET    years                                                      200 200 200 200 200 200 200 200 200 200 401 401
POST   years                                                      201 201 403 403 403 403 403 403 403 403 401 401
GET    years/{year}                                               200 200 200 200 200 200 200 200 200 200 401 401
PATCH  years/{year}                                               200 200 403 403 403 403 403 403 403 403 401 401
DELETE years/{planned_year}                                       204 204 403 403 403 403 403 403 403 403 401 401
POST   years/{planned_year}/activate                              200 200 403 403 403 403 403 403 403 403 401 401
POST   years/{year}/close                                         200 200 403 403 403 403 403 403 403 403 401 401
GET    terms                                                      200 200 200 200 200 200 200 200 200 200 401 401
POST   terms                                                      201 201 403 403 403 403 403 403 403 403 401 401
GET    terms/{term}                                               200 200 200 200 200 200 200 200 200 200 401 401
PATCH  terms/{term}                                               200 200 403 403 403 403 403 403 403 403 401 401
DELETE terms/{spare_term}                                         204 204 403 403 403 403 403 403 403 403 401 401
GET    calendar-days                                              200 200 200 200 200 200 200 200 200 200 401 401
PUT    calendar-days                                              200 200 403 403 403 403 403 403 403 403 401 401
DELETE calendar-days?{stretch}                                    200 200 403 403 403 403 403 403 403 403 401 401
GET    grade-levels                                               200 200 200 200 200 200 200 200 200 200 401 401
POST   grade-levels                                               201 201 403 403 403 403 403 403 403 403 401 401
GET    grade-levels/{level}                                       200 200 200 200 200 200 200 200 200 200 401 401
PATCH  grade-levels/{level}                                       200 200 403 403 403 403 403 403 403 403 401 401
DELETE grade-levels/{spare_level}                                 204 204 403 403 403 403 403 403 403 403 401 401
GET    sections                                                   200 200 200 200 200 200 200 200 200 200 401 401
POST   sections                                                   201 201 201 403 403 403 403 403 403 403 401 401
GET    sections/{section}                                         200 200 200 200 404 200 200 200 200 200 401 401
PATCH  sections/{section}                                         200 200 200 403 404 403 403 403 403 403 401 401
DELETE sections/{empty_section}                                   204 204 204 404 404 404 404 404 403 403 401 401
GET    sections/{other_section}                                   200 200 200 404 200 404 200 404 200 200 401 401
GET    courses                                                    200 200 200 200 200 200 200 200 200 200 401 401
POST   courses                                                    201 201 201 403 403 403 403 403 403 403 401 401
GET    courses/{course}                                           200 200 200 200 200 200 200 200 200 200 401 401
PATCH  courses/{course}                                           200 200 200 403 403 403 403 403 403 403 401 401
DELETE courses/{spare_course}                                     204 204 204 403 403 403 403 403 403 403 401 401
GET    classes                                                    200 200 200 200 200 200 200 200 200 200 401 401
POST   classes                                                    201 201 201 403 403 403 403 403 403 403 401 401
GET    classes/{class}                                            200 200 200 200 404 200 200 200 200 200 401 401
PATCH  classes/{class}                                            200 200 200 403 404 403 403 403 403 403 401 401
DELETE classes/{empty_class}                                      204 204 204 404 404 404 404 404 403 403 401 401
GET    periods                                                    200 200 200 200 200 200 200 200 200 200 401 401
POST   periods                                                    201 201 201 403 403 403 403 403 403 403 401 401
GET    periods/{period}                                           200 200 200 200 200 200 200 200 200 200 401 401
PATCH  periods/{period}                                           200 200 200 403 403 403 403 403 403 403 401 401
DELETE periods/{spare_period}                                     204 204 204 403 403 403 403 403 403 403 401 401
GET    meetings                                                   200 200 200 200 200 200 200 200 200 200 401 401
POST   meetings                                                   201 201 201 403 403 403 403 403 403 403 401 401
GET    meetings/{meeting}                                         200 200 200 200 404 200 200 200 200 200 401 401
PATCH  meetings/{meeting}                                         200 200 200 403 404 403 403 403 403 403 401 401
DELETE meetings/{later_meeting}                                   204 204 204 403 404 403 403 403 403 403 401 401

# students: whoever is out of reach does not exist
GET    students                                                   200 200 200 200 200 200 200 200 200 200 401 401
POST   students                                                   201 403 201 403 403 403 403 403 403 403 401 401
GET    students/{child}                                           200 200 200 200 404 200 200 200 200 200 401 401
GET    students/{classmate}                                       200 200 200 200 404 200 404 404 200 200 401 401
GET    students/{sibling}                                         200 200 200 404 200 404 200 404 200 200 401 401
GET    students/{at_elm}                                          404 404 404 404 404 404 404 404 404 404 401 401
PATCH  students/{child}                                           200 403 200 403 404 403 403 403 403 403 401 401
PATCH  students/{classmate}                                       200 403 200 403 404 403 404 404 403 403 401 401
POST   students/{child}/withdraw                                  200 403 200 403 404 403 403 403 403 403 401 401
POST   students/{leaver}/re-enrol                                 201 403 201 404 404 404 404 404 403 403 401 401
POST   students/{child}/move-section                              200 403 200 403 404 403 403 403 403 403 401 401
POST   students/{child}/merge                                     200 403 200 403 404 403 403 403 403 403 401 401
GET    students/{child}/photo                                     200 200 200 200 404 200 200 200 200 200 401 401
GET    students/{classmate}/photo                                 200 200 200 200 404 200 404 404 200 200 401 401
PUT    students/{child}/photo                                     204 403 204 403 404 403 403 403 403 403 401 401
DELETE students/{child}/photo                                     204 403 204 403 404 403 403 403 403 403 401 401
GET    students/{child}/audit                                     200 200 403 403 403 403 403 403 403 403 401 401
GET    students/{child}/enrolments                                200 200 200 200 404 200 200 200 200 200 401 401
GET    students/{classmate}/enrolments                            200 200 200 200 404 200 404 404 200 200 401 401
GET    students/{child}/enrolments/{enrolment}                    200 200 200 200 404 200 200 200 200 200 401 401
POST   enrolments/bulk                                            201 403 201 403 403 403 403 403 403 403 401 401
GET    students/{child}/guardians                                 200 200 200 200 404 200 403 403 200 403 401 401
POST   students/{child}/guardians                                 201 403 201 403 404 403 403 403 403 403 401 401
GET    students/{child}/guardians/{link}                          200 200 200 200 404 200 403 403 200 403 401 401
PATCH  students/{child}/guardians/{link}                          200 403 200 403 404 403 403 403 403 403 401 401
DELETE students/{child}/guardians/{link}                          204 403 204 403 404 403 403 403 403 403 401 401
GET    guardians                                                  200 200 200 200 200 200 403 403 200 403 401 401
POST   guardians                                                  201 403 201 403 403 403 403 403 403 403 401 401
GET    guardians/{father}                                         200 200 200 200 404 200 403 403 200 403 401 401
PATCH  guardians/{father}                                         200 403 200 403 404 403 403 403 403 403 401 401
POST   guardians/{father}/merge                                   200 403 200 403 404 403 403 403 403 403 401 401
GET    sections/{section}/students                                200 200 200 200 404 200 200 200 200 200 401 401
GET    sections/{section}/students?as_of={yesterday}              200 200 200 200 404 404 200 200 200 200 401 401
GET    sections/{other_section}/students                          200 200 200 404 200 404 200 404 200 200 401 401
GET    classes/{class}/students                                   200 200 200 200 404 200 200 200 200 200 401 401
POST   classes/{class}/students                                   201 403 201 403 404 403 403 403 403 403 401 401
POST   classes/{class}/students/{child}/leave                     200 403 200 403 404 403 403 403 403 403 401 401

# staff
GET    staff                                                      200 200 200 200 200 200 403 403 200 200 401 401
POST   staff                                                      201 201 201 403 403 403 403 403 403 403 401 401
GET    staff/{member}                                             200 200 200 200 200 200 403 403 200 200 401 401
PATCH  staff/{member}                                             200 200 200 403 403 403 403 403 403 403 401 401
GET    staff/{member}/assignments                                 200 200 200 200 200 200 403 403 200 200 401 401
GET    assignments                                                200 200 200 200 200 200 403 403 200 200 401 401
POST   assignments                                                201 201 201 403 403 403 403 403 403 403 401 401
GET    assignments/{assignment}                                   200 200 200 200 200 200 403 403 200 200 401 401
PATCH  assignments/{assignment}                                   200 200 200 403 403 403 403 403 403 403 401 401
DELETE assignments/{later_assignment}                             204 204 204 403 403 403 403 403 403 403 401 401
GET    substitutions                                              200 200 200 200 200 200 403 403 200 200 401 401
POST   substitutions                                              201 201 201 403 403 403 403 403 403 403 401 401
GET    substitutions/{substitution}                               200 200 200 200 200 200 403 403 200 200 401 401
DELETE substitutions/{substitution}                               204 204 204 403 403 403 403 403 403 403 401 401

# attendance: a substitute for one day only
GET    sections/{section}/roll/{day}                              200 200 200 200 404 200 200 200 403 403 401 401
PUT    sections/{section}/roll/{day}                              200 200 200 200 404 200 403 403 403 403 401 401
GET    sections/{section}/roll/{yesterday}                        200 200 200 200 404 404 200 200 403 403 401 401
PUT    sections/{section}/roll/{yesterday}                        200 200 200 200 404 404 403 403 403 403 401 401
POST   sections/{section}/roll/{long_ago}/reopen                  200 200 403 403 403 403 403 403 403 403 401 401
GET    sections/{section}/roll/{day}/{period}                     200 200 200 200 404 200 200 200 403 403 401 401
PUT    sections/{section}/roll/{day}/{period}                     200 200 200 200 404 200 403 403 403 403 401 401
POST   sections/{section}/roll/{long_ago}/{period}/reopen         200 200 403 403 403 403 403 403 403 403 401 401
GET    classes/{class}/roll/{day}/{period}                        200 200 200 200 404 200 200 200 403 403 401 401
PUT    classes/{class}/roll/{day}/{period}                        200 200 200 200 404 200 403 403 403 403 401 401
POST   classes/{class}/roll/{long_ago}/{period}/reopen            200 200 403 403 403 403 403 403 403 403 401 401
GET    rolls/not-taken                                            200 200 200 200 200 200 403 403 403 403 401 401
POST   rolls/{roll}/lock                                          200 200 403 403 403 403 403 403 403 403 401 401
POST   rolls/{locked_roll}/reopen                                 200 200 403 403 403 403 403 403 403 403 401 401
GET    rolls/{roll}/history                                       200 200 200 200 404 200 200 200 403 403 401 401
GET    rolls/{locked_roll}/history                                200 200 200 200 404 404 200 200 403 403 401 401
GET    my/classes                                                 200 200 200 200 200 200 403 403 403 403 401 401
GET    absentees                                                  200 200 200 200 200 200 200 200 403 403 401 401
GET    days/{day}                                                 200 200 200 200 200 200 200 200 403 403 401 401
GET    students/{child}/attendance                                200 200 200 200 404 200 200 200 403 403 401 401
GET    students/{classmate}/attendance                            200 200 200 200 404 200 404 404 403 403 401 401
GET    students/{child}/attendance-summary                        200 200 200 200 404 200 200 200 403 403 401 401
GET    students/{classmate}/attendance-summary                    200 200 200 200 404 200 404 404 403 403 401 401
GET    desk                                                       200 403 200 403 403 403 403 403 403 403 401 401
POST   desk                                                       201 403 201 403 403 403 403 403 403 403 401 401
DELETE desk/{entry}                                               204 403 204 403 403 403 403 403 403 403 401 401
GET    leaves                                                     200 200 200 403 403 403 200 403 403 403 401 401
POST   leaves                                                     201 201 201 403 403 403 201 403 403 403 401 401
POST   leaves (classmate)                                         201 201 201 403 403 403 404 403 403 403 401 401
GET    leaves/{leave}                                             200 200 200 403 403 403 200 403 403 403 401 401
GET    leaves/{other_leave}                                       200 200 200 403 403 403 404 403 403 403 401 401
POST   leaves/{leave}/approve                                     200 200 200 403 403 403 403 403 403 403 401 401
POST   leaves/{leave}/refuse                                      200 200 200 403 403 403 403 403 403 403 401 401
POST   leaves/{leave}/cancel                                      200 200 200 403 403 403 200 403 403 403 401 401
GET    leaves/{leave}/attachment                                  200 200 200 403 403 403 200 403 403 403 401 401
PUT    leaves/{leave}/attachment                                  404 404 404 403 403 403 204 403 403 403 401 401
PUT    leaves/{other_leave}/attachment                            404 204 404 403 403 403 404 403 403 403 401 401
POST   leaves/{other_leave}/cancel                                200 200 200 403 403 403 404 403 403 403 401 401
GET    attendance-codes                                           200 200 200 200 200 200 200 200 403 403 401 401
POST   attendance-codes                                           201 201 403 403 403 403 403 403 403 403 401 401
GET    attendance-codes/{code}                                    200 200 200 200 200 200 200 200 403 403 401 401
PATCH  attendance-codes/{code}                                    200 200 403 403 403 403 403 403 403 403 401 401
GET    attendance-policy                                          200 200 200 200 200 200 200 200 403 403 401 401
PATCH  attendance-policy/{campus}                                 200 200 403 403 403 403 403 403 403 403 401 401

# fees: the accountant's; the head sees them
GET    books                                                      200 200 403 403 403 403 403 403 200 403 401 401
GET    books/{campus}                                             200 200 403 403 403 403 403 403 200 403 401 401
POST   books/{campus}/close                                       200 403 403 403 403 403 403 403 200 403 401 401
GET    accounts                                                   200 200 403 403 403 403 403 403 200 403 401 401
POST   accounts                                                   201 403 403 403 403 403 403 403 201 403 401 401
GET    accounts/{account}                                         200 200 403 403 403 403 403 403 200 403 401 401
PATCH  accounts/{account}                                         200 403 403 403 403 403 403 403 200 403 401 401
GET    ledger-entries                                             200 200 403 403 403 403 403 403 200 403 401 401
POST   ledger-postings                                            201 403 403 403 403 403 403 403 201 403 401 401
GET    fee-items                                                  200 200 403 403 403 403 403 403 200 403 401 401
POST   fee-items                                                  201 403 403 403 403 403 403 403 201 403 401 401
GET    fee-items/{fee_item}                                       200 200 403 403 403 403 403 403 200 403 401 401
PATCH  fee-items/{fee_item}                                       200 403 403 403 403 403 403 403 200 403 401 401
GET    late-fee-rules                                             200 200 403 403 403 403 403 403 200 403 401 401
POST   late-fee-rules                                             201 403 403 403 403 403 403 403 201 403 401 401
GET    late-fee-rules/{late_fee_rule}                             200 200 403 403 403 403 403 403 200 403 401 401
PATCH  late-fee-rules/{late_fee_rule}                             200 403 403 403 403 403 403 403 200 403 401 401
GET    student-fees                                               200 200 403 403 403 403 403 403 200 403 401 401
POST   student-fees                                               201 403 403 403 403 403 403 403 201 403 401 401
DELETE student-fees/{student_fee}                                 204 403 403 403 403 403 403 403 204 403 401 401
GET    concessions                                                200 200 403 403 403 403 403 403 200 403 401 401
POST   concessions                                                201 403 403 403 403 403 403 403 201 403 401 401
POST   concessions/siblings                                       201 403 403 403 403 403 403 403 201 403 401 401
GET    concessions/{concession}                                   200 200 403 403 403 403 403 403 200 403 401 401
POST   concessions/{concession}/approve                           200 200 403 403 403 403 403 403 403 403 401 401
POST   concessions/{concession}/end                               200 403 403 403 403 403 403 403 200 403 401 401
GET    students/{child}/payers                                    200 200 403 403 403 403 403 403 200 403 401 401
PUT    students/{child}/payers                                    200 403 403 403 403 403 403 403 200 403 401 401
GET    invoice-runs                                               200 200 403 403 403 403 403 403 200 403 401 401
POST   invoice-runs                                               201 403 403 403 403 403 403 403 201 403 401 401
GET    invoice-runs/{invoice_run}                                 200 200 403 403 403 403 403 403 200 403 401 401
GET    invoice-runs/{invoice_run}/preview                         200 200 403 403 403 403 403 403 200 403 401 401
POST   invoice-runs/{invoice_run}/confirm                         202 403 403 403 403 403 403 403 202 403 401 401
GET    invoice-runs/{invoice_run}/outcomes                        200 200 403 403 403 403 403 403 200 403 401 401
GET    invoices                                                   200 200 403 403 403 403 403 403 200 403 401 401
GET    invoices/{invoice}                                         200 200 403 403 403 403 403 403 200 403 401 401
POST   invoices/{invoice}/void                                    200 403 403 403 403 403 403 403 200 403 401 401
POST   invoices/{invoice}/credit-notes                            201 403 403 403 403 403 403 403 201 403 401 401
GET    credit-notes                                               200 200 403 403 403 403 403 403 200 403 401 401
GET    payments                                                   200 200 403 403 403 403 403 403 200 403 401 401
POST   payments                                                   201 403 403 403 403 403 403 403 201 403 401 401
GET    payments/{payment}                                         200 200 403 403 403 403 403 403 200 403 401 401
POST   payments/{payment}/refund                                  201 403 403 403 403 403 403 403 201 403 401 401
POST   payments/{payment}/reverse                                 201 403 403 403 403 403 403 403 201 403 401 401
POST   payments/{cheque}/bounce                                   201 403 403 403 403 403 403 403 201 403 401 401
POST   payments/{card_payment}/charge-back                        201 403 403 403 403 403 403 403 201 403 401 401
POST   payments/{cheque}/clear                                    200 403 403 403 403 403 403 403 200 403 401 401
GET    payment-intents                                            200 200 200 403 403 403 200 403 403 403 401 401
POST   payment-intents                                            404 404 404 403 403 403 201 403 403 403 401 401
GET    payment-intents/{payment_intent}                           404 404 404 403 403 403 200 403 403 403 401 401
GET    card-checkout/{ticket}                                     302 302 302 302 302 302 302 302 302 302 302 302
GET    card-checkout/{ticket}/return                              302 302 302 302 302 302 302 302 302 302 302 302
GET    card-gateway                                               200 403 403 403 403 403 403 403 403 403 401 401
PUT    card-gateway                                               200 403 403 403 403 403 403 403 403 403 401 401
POST   card-gateway/events                                        400 400 400 400 400 400 400 400 400 400 400 400
GET    bank-statements                                            200 403 403 403 403 403 403 403 200 403 401 401
POST   bank-statements                                            202 403 403 403 403 403 403 403 202 403 401 401
GET    bank-statements/{bank_statement}                           200 403 403 403 403 403 403 403 200 403 401 401
PUT    bank-statements/{bank_statement}/mapping                   202 403 403 403 403 403 403 403 202 403 401 401
POST   bank-statements/{bank_statement}/confirm                   202 403 403 403 403 403 403 403 202 403 401 401
GET    bank-lines                                                 200 403 403 403 403 403 403 403 200 403 401 401
GET    bank-lines/{bank_line}                                     200 403 403 403 403 403 403 403 200 403 401 401
POST   bank-lines/{bank_line}/take                                200 403 403 403 403 403 403 403 200 403 401 401
POST   bank-lines/{entered_line}/settle                           200 403 403 403 403 403 403 403 200 403 401 401
POST   bank-lines/{bank_line}/set-aside                           200 403 403 403 403 403 403 403 200 403 401 401
POST   bank-lines/{aside_line}/take-up-again                      200 403 403 403 403 403 403 403 200 403 401 401
GET    students/{child}/standing                                  200 200 403 403 403 403 403 403 200 403 401 401
POST   students/{child}/allocations                               409 403 403 403 403 403 403 403 409 403 401 401
GET    students/{child}/receipts                                  404 404 404 403 403 403 200 403 403 403 401 401
GET    students/{classmate}/receipts                              404 404 404 403 403 403 404 403 403 403 401 401
GET    students/{child}/invoices                                  404 404 404 403 403 403 200 403 403 403 401 401
GET    students/{classmate}/invoices                              404 404 404 403 403 403 404 403 403 403 401 401
GET    invoices/{invoice}/printed-bill                            200 200 403 403 403 403 403 403 200 403 401 401
GET    payments/{payment}/printed-receipt                         200 200 403 403 403 403 403 403 200 403 401 401
GET    students/{child}/statement                                 200 200 403 403 403 403 403 403 200 403 401 401
GET    students/{child}/printed-statement                         200 200 403 403 403 403 403 403 200 403 401 401
GET    debtors?institution_id={campus}                            200 200 403 403 403 403 403 403 200 403 401 401
GET    cash-book?institution_id={campus}                          200 200 403 403 403 403 403 403 200 403 401 401
GET    drawers/{campus}                                           200 403 403 403 403 403 403 403 200 403 401 401
GET    drawers/{campus}/counts                                    200 403 403 403 403 403 403 403 200 403 401 401
POST   drawers/{campus}/counts                                    201 403 403 403 403 403 403 403 201 403 401 401
GET    students/{child}/family-statement                          404 404 404 403 403 403 200 403 403 403 401 401
GET    students/{classmate}/family-statement                      404 404 404 403 403 403 404 403 403 403 401 401
GET    students/{child}/printed-family-statement                  404 404 404 403 403 403 200 403 403 403 401 401
GET    students/{child}/invoices/{invoice}/printed-bill           404 404 404 403 403 403 200 403 403 403 401 401
GET    students/{child}/receipts/{payment}/printed-receipt        404 404 404 403 403 403 404 403 403 403 401 401

# exams: staff see theirs, published or not; families what is published
GET    grading-scales                                             200 200 200 200 200 200 200 200 403 403 401 401
POST   grading-scales                                             201 201 403 403 403 403 403 403 403 403 401 401
GET    grading-scales/{scale}                                     200 200 200 200 200 200 200 200 403 403 401 401
GET    grading-scales/{scale}/grade?percent=79.5                  200 200 200 200 200 200 200 200 403 403 401 401
POST   grading-scales/{scale}/versions                            201 201 403 403 403 403 403 403 403 403 401 401
POST   grading-scales/{scale}/retire                              200 200 403 403 403 403 403 403 403 403 401 401
GET    exam-sessions                                              200 200 200 200 200 200 403 403 403 403 401 401
POST   exam-sessions                                              201 201 201 403 403 403 403 403 403 403 401 401
GET    exam-sessions/{exam_session}                               200 200 200 200 404 200 403 403 403 403 401 401
PATCH  exam-sessions/{exam_session}                               200 200 200 403 403 403 403 403 403 403 401 401
DELETE exam-sessions/{empty_exam_session}                         204 204 204 403 403 403 403 403 403 403 401 401
POST   exam-sessions/{exam_session}/state                         200 200 200 403 403 403 403 403 403 403 401 401
PUT    exam-sessions/{exam_session}/publication                   200 200 403 403 403 403 403 403 403 403 401 401
GET    exam-sessions/{marked_session}/results                     200 200 200 200 404 200 403 403 403 403 401 401
POST   exam-sessions/{marked_session}/results                     202 202 202 403 403 403 403 403 403 403 401 401
GET    result-policy                                              200 200 200 200 200 200 403 403 403 403 401 401
PATCH  result-policy                                              200 200 403 403 403 403 403 403 403 403 401 401
GET    exams                                                      200 200 200 200 200 200 403 403 403 403 401 401
POST   exams                                                      201 201 201 403 403 403 403 403 403 403 401 401
GET    exams/to-mark                                              200 200 200 200 200 200 403 403 403 403 401 401
GET    exams/{exam}                                               200 200 200 200 404 200 403 403 403 403 401 401
PATCH  exams/{exam}                                               200 200 200 403 403 403 403 403 403 403 401 401
DELETE exams/{exam}                                               204 204 204 403 403 403 403 403 403 403 401 401
GET    gradebooks                                                 200 200 200 200 200 200 403 403 403 403 401 401
POST   gradebooks                                                 201 201 201 201 404 201 403 403 403 403 401 401
GET    gradebooks/{gradebook}                                     200 200 200 200 404 200 403 403 403 403 401 401
PUT    gradebooks/{gradebook}                                     200 200 200 200 404 200 403 403 403 403 401 401
PUT    gradebooks/{gradebook}/marks                               200 200 200 200 404 200 403 403 403 403 401 401
GET    gradebooks/{gradebook}/history                             200 200 200 200 404 200 403 403 403 403 401 401
POST   gradebooks/{published_gradebook}/reopen                    200 200 403 403 403 403 403 403 403 403 401 401
PUT    gradebooks/{gradebook}/publication                         200 200 403 403 403 403 403 403 403 403 401 401
GET    exams/{marked_exam}/components                             200 200 200 200 404 200 403 403 403 403 401 401
PUT    exams/{exam}/components                                    200 200 200 403 403 403 403 403 403 403 401 401
GET    exams/{marked_exam}/marks                                  200 200 200 200 404 200 403 403 403 403 401 401
PUT    exams/{marked_exam}/marks                                  200 200 200 200 404 200 403 403 403 403 401 401
GET    exams/{marked_exam}/moderations                            200 200 200 200 404 200 403 403 403 403 401 401
POST   exams/{marked_exam}/moderations                            201 201 201 403 403 403 403 403 403 403 401 401
POST   exams/{moderated_exam}/moderations/{moderation}/apply      200 200 403 403 403 403 403 403 403 403 401 401
POST   exams/{applied_exam}/moderations/{applied}/revert          200 200 403 403 403 403 403 403 403 403 401 401
POST   exams/{moderated_exam}/moderations/{moderation}/withdraw   200 200 200 403 403 403 403 403 403 403 401 401
GET    exams/{marked_exam}/remarks                                200 200 200 200 404 200 403 403 403 403 401 401
PUT    exams/{marked_exam}/remarks                                200 200 200 200 404 200 403 403 403 403 401 401
GET    exam-sessions/{marked_session}/sections/{section}/remarks  200 200 200 200 404 200 403 403 403 403 401 401
PUT    exam-sessions/{marked_session}/sections/{section}/remarks  200 200 200 200 404 200 403 403 403 403 401 401
GET    remark-phrases                                             200 200 200 200 200 200 403 403 403 403 401 401
POST   remark-phrases                                             201 201 403 403 403 403 403 403 403 403 401 401
DELETE remark-phrases/{phrase}                                    204 204 403 403 403 403 403 403 403 403 401 401
GET    exam-sessions/{marked_session}/mark-file                   200 200 200 200 404 200 403 403 403 403 401 401
POST   exam-sessions/{marked_session}/mark-file                   202 202 202 202 404 202 403 403 403 403 401 401
GET    mark-files/{mark_file}                                     200 404 404 404 404 404 403 403 403 403 401 401
GET    mark-files/{mark_file}/rows                                200 404 404 404 404 404 403 403 403 403 401 401
POST   mark-files/{mark_file}/confirm                             202 404 404 404 404 404 403 403 403 403 401 401
POST   exams/{published_exam}/marks/reopen                        200 200 403 403 403 403 403 403 403 403 401 401
GET    exams/{marked_exam}/marks/history                          200 200 200 200 404 200 403 403 403 403 401 401
GET    students/{child}/marks                                     200 200 200 200 404 200 200 200 403 403 401 401
GET    students/{child}/results                                   200 200 200 200 404 200 200 200 403 403 401 401
GET    students/{child}/term-results                              200 200 200 200 404 200 200 200 403 403 401 401
GET    exam-sessions/{published_session}/report-cards             200 200 200 200 404 200 403 403 403 403 401 401
POST   exam-sessions/{marked_session}/report-cards                200 200 200 403 403 403 403 403 403 403 401 401
PUT    exam-sessions/{published_session}/report-cards/publication 202 202 403 403 403 403 403 403 403 403 401 401
GET    report-cards/{card}                                        200 200 200 200 404 200 403 403 403 403 401 401
POST   report-cards/{card}/amend                                  201 201 201 403 403 403 403 403 403 403 401 401
GET    students/{child}/report-cards                              200 200 200 200 404 200 200 200 403 403 401 401
GET    students/{child}/report-cards/{card}                       200 200 200 200 404 200 200 200 403 403 401 401
GET    students/{child}/transcript                                200 200 200 200 404 200 200 200 403 403 401 401
GET    students/{child}/printed-transcript                        200 200 200 200 404 200 200 200 403 403 401 401
GET    students/{classmate}/transcript                            200 200 200 200 404 200 404 404 403 403 401 401
GET    students/{classmate}/printed-transcript                    200 200 200 200 404 200 404 404 403 403 401 401
GET    students/{classmate}/report-cards/{card}                   404 404 404 404 404 404 404 404 403 403 401 401
GET    students/{classmate}/marks                                 200 200 200 200 404 200 404 404 403 403 401 401
GET    students/{child}/exams                                     200 200 200 200 404 200 200 200 403 403 401 401
GET    students/{classmate}/exams                                 200 200 200 200 404 200 404 404 403 403 401 401

# who may do what, and the trail
GET    permissions                                                200 200 403 403 403 403 403 403 403 403 401 401
GET    roles                                                      200 200 403 403 403 403 403 403 403 403 401 401
POST   roles                                                      201 403 403 403 403 403 403 403 403 403 401 401
GET    roles/{role}                                               200 200 403 403 403 403 403 403 403 403 401 401
PATCH  roles/{role}                                               200 403 403 403 403 403 403 403 403 403 401 401
DELETE roles/{role}                                               204 403 403 403 403 403 403 403 403 403 401 401
PUT    roles/{role}/permissions                                   200 403 403 403 403 403 403 403 403 403 401 401
GET    role-assignments                                           200 200 403 403 403 403 403 403 403 403 401 401
POST   role-assignments                                           201 403 403 403 403 403 403 403 403 403 401 401
GET    role-assignments/{held}                                    200 200 403 403 403 403 403 403 403 403 401 401
DELETE role-assignments/{held}                                    204 403 403 403 403 403 403 403 403 403 401 401
GET    users                                                      200 200 200 403 403 403 403 403 403 403 401 401
POST   users                                                      201 403 201 403 403 403 403 403 403 403 401 401
GET    users/{newcomer}                                           200 200 200 403 403 403 403 403 403 403 401 401
PATCH  users/{newcomer}                                           200 403 200 403 403 403 403 403 403 403 401 401
PATCH  users/{administrator}                                      200 403 403 403 403 403 403 403 403 403 401 401
POST   users/{newcomer}/invite                                    201 403 201 403 403 403 403 403 403 403 401 401
POST   users/{administrator}/invite                               201 403 403 403 403 403 403 403 403 403 401 401
POST   users/{newcomer}/deactivate                                204 403 204 403 403 403 403 403 403 403 401 401
POST   users/{gone}/activate                                      204 403 204 403 403 403 403 403 403 403 401 401
POST   users/{newcomer}/logout-everywhere                         200 403 200 403 403 403 403 403 403 403 401 401
DELETE users/{newcomer}/totp                                      204 403 204 403 403 403 403 403 403 403 401 401
GET    account-policy                                             200 200 200 200 200 200 200 200 200 200 401 401
PUT    account-policy                                             200 403 403 403 403 403 403 403 403 403 401 401
GET    audit                                                      200 200 403 403 403 403 403 403 403 403 401 401

# rosters in and out
GET    imports                                                    200 200 200 403 403 403 403 403 403 403 401 401
POST   imports                                                    202 403 202 403 403 403 403 403 403 403 401 401
GET    imports/{import}                                           200 200 200 403 403 403 403 403 403 403 401 401
GET    imports/{import}/rows                                      200 200 200 403 403 403 403 403 403 403 401 401
GET    imports/{import}/errors                                    200 200 200 403 403 403 403 403 403 403 401 401
PUT    imports/{import}/mapping                                   202 403 202 403 403 403 403 403 403 403 401 401
POST   imports/{import}/confirm                                   202 403 202 403 403 403 403 403 403 403 401 401
POST   imports/{stopped_import}/go-on                             202 403 202 403 403 403 403 403 403 403 401 401
POST   imports/{applied_import}/undo                              202 403 202 403 403 403 403 403 403 403 401 401
GET    exports/oneroster                                          200 403 200 403 403 403 403 403 403 403 401 401
GET    exports/templates/students                                 200 403 200 403 403 403 403 403 403 403 401 401

# lists on paper: each their own
POST   printed-lists                                              202 202 202 202 202 202 403 403 202 403 401 401
GET    printed-lists/{printed}                                    404 404 404 200 404 404 403 403 404 403 401 401

# jobs: each their own
GET    jobs                                                       200 200 200 200 200 200 200 200 200 200 401 401
GET    jobs/{job}                                                 404 404 404 200 404 404 404 404 404 404 401 401
DELETE jobs/{job}                                                 404 404 404 204 404 404 404 404 404 404 401 401
POST   jobs/{job}/run-now                                         404 404 404 202 404 404 404 404 404 404 401 401

# messages and announcements
GET    inbox                                                      200 200 200 200 200 200 200 200 200 200 401 401
GET    inbox/{notice}                                             404 404 404 404 404 404 200 404 404 404 401 401
POST   inbox/{notice}/read                                        404 404 404 404 404 404 200 404 404 404 401 401
POST   inbox/{notice}/acknowledge                                 404 404 404 404 404 404 200 404 404 404 401 401
GET    message-preferences                                        200 200 200 200 200 200 200 200 200 200 401 401
GET    contact-requests                                           200 200 200 200 200 200 200 200 200 200 401 401
POST   contact-requests                                           404 404 404 404 404 404 201 404 404 404 401 401
GET    contact-requests/{wish}                                    200 404 200 404 404 404 200 404 404 404 401 401
POST   contact-requests/{wish}/accept                             200 403 200 403 403 403 403 403 403 403 401 401
POST   contact-requests/{wish}/refuse                             200 403 200 403 403 403 403 403 403 403 401 401
GET    students/{child}/calendar-feed                             404 404 404 404 404 404 200 200 404 404 401 401
POST   students/{child}/calendar-feed                             404 404 404 404 404 404 201 201 404 404 401 401
POST   students/{classmate}/calendar-feed                         404 404 404 404 404 404 404 404 404 404 401 401
DELETE students/{child}/calendar-feed                             404 404 404 404 404 404 204 204 404 404 401 401
GET    students/{child}/looks                                     404 404 404 404 404 404 200 404 404 404 401 401
PUT    message-preferences                                        404 404 404 404 404 404 200 404 404 404 401 401
GET    messages                                                   200 200 200 403 403 403 403 403 403 403 401 401
GET    messages/{doubted}                                         200 200 200 403 403 403 403 403 403 403 401 401
POST   announcements/preview                                      200 200 200 200 404 200 403 403 403 403 401 401
GET    announcements                                              200 200 200 200 200 200 403 403 403 403 401 401
POST   announcements                                              201 201 201 201 404 201 403 403 403 403 401 401
GET    announcements/{announcement}                               200 200 200 404 404 404 403 403 403 403 401 401
POST   announcements/{announcement}/withdraw                      200 200 200 404 404 404 403 403 403 403 401 401
POST   announcements/{announcement}/remind                        200 200 200 404 404 404 403 403 403 403 401 401
GET    announcements/{announcement}/readers                       200 200 200 404 404 404 403 403 403 403 401 401
GET    announcements/{announcement}/attachment                    404 404 404 404 404 404 403 403 403 403 401 401
PUT    announcements/{scheduled}/attachment?name=menu.pdf         200 200 200 404 404 404 403 403 403 403 401 401
GET    announcements/{scheduled}/attachment                       200 200 200 404 404 404 403 403 403 403 401 401
DELETE announcements/{scheduled}/attachment                       204 204 204 404 404 404 403 403 403 403 401 401
GET    inbox/{notice}/attachment                                  404 404 404 404 404 404 404 404 404 404 401 401
POST   messages/{doubted}/resolve                                 200 200 403 403 403 403 403 403 403 403 401 401
GET    bounced-addresses                                          200 200 200 403 403 403 403 403 403 403 401 401
GET    bounced-addresses/{bounced}                                200 200 200 403 403 403 403 403 403 403 401 401
DELETE bounced-addresses/{bounced}                                204 204 403 403 403 403 403 403 403 403 401 401
GET    outgoing                                                   200 200 200 403 403 403 403 403 403 403 401 401
PATCH  outgoing                                                   200 200 403 403 403 403 403 403 403 403 401 401
POST   outgoing/hold                                              200 200 403 403 403 403 403 403 403 403 401 401
POST   outgoing/release                                           200 200 403 403 403 403 403 403 403 403 401 401
POST   outgoing/discard                                           200 200 403 403 403 403 403 403 403 403 401 401
GET    message-facts                                              200 200 403 403 403 403 403 403 403 403 401 401
GET    message-rules                                              200 200 403 403 403 403 403 403 403 403 401 401
PUT    message-rules                                              200 200 403 403 403 403 403 403 403 403 401 401
GET    message-templates/attendance.absent/email/en-gb            200 200 403 403 403 403 403 403 403 403 401 401
PUT    message-templates/attendance.absent/email/en-gb            200 200 403 403 403 403 403 403 403 403 401 401
DELETE message-templates/attendance.absent/email/en-gb            204 204 403 403 403 403 403 403 403 403 401 401
POST   message-templates/attendance.absent/email/en-gb/preview    200 200 403 403 403 403 403 403 403 403 401 401
"""

# How many rows of a list each sees; · where the list is refused, as the table above says.
SEEN = """
#                                                A    H    R    T    O    S    G    U    C    P
students?limit=200                               2000 2000 2000 12   3    12   2    1    2000 2000
students?as_of={yesterday}&limit=200             2000 2000 2000 12   3    0    2    1    2000 2000
students?as_of={tomorrow}&limit=200              2000 2000 2000 12   3    0    2    1    2000 2000
students?section_id={section}                    12   12   12   12   0    12   1    1    12   12
sections                                         3    3    3    1    1    1    2    1    3    3
sections?as_of={tomorrow}                        3    3    3    1    1    0    2    1    3    3
sections/{section}/students                      12   12   12   12   ·    12   1    1    12   12
classes                                          2    2    2    1    0    1    1    1    2    2
classes/{class}/students                         12   12   12   12   ·    12   1    1    12   12
meetings                                         2    2    2    2    0    2    2    2    2    2
guardians                                        3    3    3    2    1    2    ·    ·    3    ·
students/{child}/guardians                       1    1    1    1    ·    1    ·    ·    1    ·
absentees                                        2    2    2    2    0    2    1    1    ·    ·
rolls/{roll}/history                             12   12   12   12   ·    12   1    1    ·    ·
leaves                                           2    2    2    ·    ·    ·    1    ·    ·    ·
contact-requests                                 1    0    1    0    0    0    1    0    0    0
my/classes                                       0    0    0    2    1    2    ·    ·    ·    ·
my/classes?day={tomorrow}                        0    0    0    1    1    0    ·    ·    ·    ·
exams                                            6    6    6    3    3    3    ·    ·    ·    ·
exam-sessions                                    5    5    5    3    1    3    ·    ·    ·    ·
exam-sessions/{marked_session}/results           12   12   12   12   ·    12   ·    ·    ·    ·
exams/{marked_exam}/marks/history                2    2    2    2    ·    2    ·    ·    ·    ·
students/{child}/marks                           1    1    1    1    ·    1    1    1    ·    ·
exam-sessions/{published_session}/report-cards   13   13   13   13   ·    13   ·    ·    ·    ·
students/{child}/report-cards                    1    1    1    1    ·    1    1    1    ·    ·
students/{child}/results                         1    1    1    1    ·    1    1    1    ·    ·
students/{child}/term-results                    1    1    1    1    ·    1    1    1    ·    ·
gradebooks                                       2    2    2    2    0    2    ·    ·    ·    ·
students/{sibling}/marks                         0    0    0    ·    0    ·    0    ·    ·    ·
students/{child}/exams                           1    1    1    1    ·    1    1    1    ·    ·
students/{sibling}/exams                         0    0    0    ·    0    ·    0    ·    ·    ·
"""
