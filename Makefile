# GNU make and a POSIX shell. `make` alone lists what there is. ARGS="…" passes options on.

PYTHON ?= python3
ARGS ?=
# Of `make test`, for two processors: while a test waits for its database, a child or a browser, another one works.
WORKERS ?= 3
# Relative, so that a space in the path of this folder does no harm.
PY = .venv/bin/python

# A run starts programs by the dozen. Where bytecode is not written each of them compiles all of it anew, for 4 s.
unexport PYTHONDONTWRITEBYTECODE

# What `make proof` is made of; two rows, and what measures and so goes on beside nothing.
TESTS = tests-proof tests-who-reads-what tests-any
STACKS = stack-failures stack-planted stack-exams stack-fees stack-notices
ALONE = tests-faults stack-attack stack-schools

FAULTS = tests/cache/test_faults.py

# One after the other, each even where one before was red; red where any was.
each_of = @red=0; for each in $(1); do $(MAKE) --no-print-directory $$each || red=1; done; exit $$red

.DEFAULT_GOAL := help
.PHONY: help environment calls demo demo-reset test proof proof-tests proof-stacks proof-alone $(TESTS) $(STACKS) $(ALONE) check format smoke lock template docs messages icons pictures load soak bench-pages bench-server bench-cache bench-import bench-jobs bench-logins bench-paper bench-schools bench-plans bench-copies bench-exams bench-fees bench-office drill-pitr chaos attack audit exams fees resilience observe notices bench-messages clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: environment ## Start SchoolOps with two schools; Ctrl-C stops all of it
	@exec $(PY) -m config.demo $(ARGS)

demo-reset: environment ## Delete the demo's data
	@$(PY) -m schoolops.launcher remove demo

test: environment ## Everything that belongs in every run
	$(PY) -m pytest -n $(WORKERS) -m "not proof" tests $(ARGS)

proof: environment ## The slower evidence, within an hour: two rows of it side by side, then what has to be alone
	@red=0; $(MAKE) --no-print-directory --keep-going --jobs=2 proof-tests proof-stacks || red=1; \
		$(MAKE) --no-print-directory proof-alone || red=1; exit $$red

proof-tests:
	+$(call each_of,$(TESTS))

tests-proof:
	$(PY) -m pytest -n 2 -m proof --ignore=tests/apps/students/test_who_reads_what.py --ignore=$(FAULTS) tests $(ARGS)

tests-who-reads-what:
	$(PY) -m pytest --dist worksteal -n 2 -m proof tests/apps/students/test_who_reads_what.py $(ARGS)

tests-any:
	$(PY) -m pytest -n $(WORKERS) -m "hypothesis and not proof" --hypothesis-profile=any tests $(ARGS)

# Each starts a stack of its own. Smaller than by its own command, where that is what takes long.
proof-stacks:
	+$(call each_of,$(STACKS))

# 2: what this machine lacks was not tried, and is said.
stack-failures:
	$(PY) -m tests.failures || test $$? = 2

stack-planted:
	$(PY) -m tests.planted

stack-exams:
	$(PY) -m tests.exams

# Bills are made 250 at a time, and each kill has to fall at others.
stack-fees:
	$(PY) -m tests.fees --students 1000

stack-notices:
	$(PY) -m tests.notices --schools 5 --absences 100

proof-alone:
	+$(call each_of,$(ALONE))

# How long a request waits that meets a fault.
tests-faults:
	$(PY) -m pytest -m proof $(FAULTS) $(ARGS)

stack-attack:
	$(PY) -m tests.attack --seconds 120

stack-schools:
	$(PY) -m benchmarks.schools --schools 20 --known cpu_ratio=1.75

check: environment ## Format, lint, types, import contracts, Django's checks, generated files
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -m config.gates

format: environment ## Let ruff format and repair what it can
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

smoke: environment ## One school day over HTTP, every route tried by those who must not, a roster in twice (ROSTER=)
	$(PY) -m tests.smoke $(ARGS)

template: environment ## Regenerate config/school.sql after a change of models, migrations or indexes
	@$(PY) -m config.gates --write template

docs: environment ## Regenerate docs/reference and .env.example
	@$(PY) -m config.gates --write reference

messages: environment ## Collect the strings that people read into locale/, and compile the translations
	@$(PY) manage.py catalogues --settings=config.settings.offline $(ARGS)

icons: environment ## Cut the theme's font of icons down to those that pages name
	@$(PY) -m config.icons

pictures: environment ## The pictures of README anew; twelve pages to be looked at with ARGS="--into FOLDER"
	@$(PY) -m tests.browser.pictures $(ARGS)

lock: environment ## Resolve requirements*.txt anew from the ranges in pyproject.toml
	$(PY) -m uv pip compile --quiet --generate-hashes --python-version 3.11 --universal pyproject.toml $(ARGS) -o requirements.txt
	$(PY) -m uv pip compile --quiet --generate-hashes --python-version 3.11 --universal pyproject.toml \
		--extra embedded --extra gunicorn --extra otel --extra stripe --extra dev -c requirements.txt $(ARGS) -o requirements-dev.txt

calls: environment ## Write anew how many function calls the most asked requests may take
	$(PY) -m pytest -q tests/apps/office/test_what_a_request_costs.py --renew-calls

load: environment ## Monday at eight over twenty schools, against the table of targets (BASE_URL=)
	$(PY) -m benchmarks.load $(ARGS)

soak: environment ## Ten minutes of the same at half of what the machine can: what the stack holds stays flat, or what grows is named
	$(PY) -m benchmarks.load --steady 600 $(ARGS)

bench-pages: environment ## Endpoints and pages against the floor: psycopg alone, the same facts
	$(PY) -m benchmarks.pages $(ARGS)

bench-server: environment ## The web server against its fallback
	$(PY) -m benchmarks.server $(ARGS)

bench-cache: environment ## The cache against a raw GET, and a school forgotten among a million keys
	$(PY) -m benchmarks.cache $(ARGS)

bench-jobs: environment ## The queues against plain Celery
	$(PY) -m benchmarks.jobs $(ARGS)

bench-logins: environment ## Logins against what the hash allows, and beside teachers who mark
	$(PY) -m benchmarks.logins $(ARGS)

bench-paper: environment ## Printed lists beside the engine before Typst, and memory over 2,000
	$(PY) -m benchmarks.paper $(ARGS)

bench-exams: environment ## Marks against saves one by one, lists against their floors, results, report cards per second
	$(PY) -m benchmarks.exams $(ARGS)

bench-office: environment ## The ten most used pages of the office: bytes as they travel, CPU, queries for 10 rows and for 100
	$(PY) -m benchmarks.office $(ARGS)

bench-fees: environment ## Bills against rows saved one by one and bare COPY, payments a second, a family's statement
	$(PY) -m benchmarks.fees $(ARGS)

bench-messages: environment ## An announcement to 10,000, and letters a second against a loop of send_mail
	$(PY) -m benchmarks.messages $(ARGS)

bench-copies: environment ## One school out and back, beside one with a quarter of its rows
	$(PY) -m benchmarks.copies $(ARGS)

bench-import: environment ## A school of 4,000 students in, against bare COPY, and its memory beside a quarter
	$(PY) -m benchmarks.imports $(ARGS)

bench-schools: environment ## What many schools on one database cost one of them, and bringing them up (SCHOOLS=)
	$(PY) -m benchmarks.schools $(if $(SCHOOLS),--schools $(SCHOOLS)) $(ARGS)

bench-plans: environment ## The queries that were asked for, at 20 schools of 2,000 students with a year of rolls
	$(PY) -m benchmarks.plans $(ARGS)

chaos: environment ## Kill everything at random and count what is lost (SECONDS=, SEED=, ENGINE=)
	$(PY) -m tests.chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(ENGINE),--engine $(ENGINE)) $(ARGS)

audit: environment ## What is known against any package that is pinned; “not run” when nobody could be asked
	@$(PY) -m config.audit

attack: environment ## The running stack, tried as an attacker would: steps, generated requests, files that unfold (SECONDS=)
	$(PY) -m tests.attack $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

exams: environment ## An exam session on a running stack: 200 students, eight teachers at once, report cards, all counted
	$(PY) -m tests.exams $(ARGS)

fees: environment ## A term billed while its job is killed, payments sent twice by ten clients, counted by SQL of its own (STUDENTS=)
	$(PY) -m tests.fees $(if $(STUDENTS),--students $(STUDENTS)) $(ARGS)

resilience: environment ## The failure matrix on a running stack: servers refuse, hang, are killed, while clients write
	$(PY) -m tests.failures $(ARGS)

notices: environment ## Absences told while workers and a mail server are killed, counted by those who received (SCHOOLS=)
	$(PY) -m tests.notices $(if $(SCHOOLS),--schools $(SCHOOLS)) $(ARGS)

observe: environment ## Every alert fires by its cause and resolves, watched by a real Prometheus
	$(PY) -m tests.observe $(ARGS)

drill-pitr: environment ## Bring a cluster back to a moment with PostgreSQL's own programs, as its runbook says
	@$(PY) -m tests.copies.pitr $(ARGS)

clean: ## Delete caches and the virtual environment, not the demo's data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -path ./.schoolops -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# Compared by content rather than by age: a checkout makes every file young. Without its pyvenv.cfg a virtual
# environment is none, and pip would install into the Python behind it.
environment:
	@cmp -s requirements-dev.txt .venv/installed.txt && test -e .venv/pyvenv.cfg && $(PY) -c '' 2>/dev/null || { \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
			echo "SchoolOps needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
				"Name another with: make PYTHON=python3.12 …" >&2; exit 1; }; \
		echo "Installing requirements-dev.txt into .venv …"; \
		{ test -e .venv/pyvenv.cfg && $(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv; } && \
		sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt >.venv/uv.txt && \
		$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt && \
		{ $(PY) -m uv pip install --quiet --python $(PY) --require-hashes -r requirements-dev.txt || \
			$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt; } && \
		cp requirements-dev.txt .venv/installed.txt; }
