# make demo   judge the sample clips          make test    the tests
# make check  everything a change must pass   make docs    the pages made from the code
# make fuzz   ten minutes of damaged clips and bad options
# make preview  report pages from made-up findings
# make mutants  small faults put into the code, to see whether a test notices

VENV     ?= .venv
PYTHON   ?= python3
BIN      := $(VENV)/bin
READY    := $(VENV)/.castcheck-ready

# What the demo judges; the bundled networks judge it.
CLIPS    ?= sample_videos/room_clean.mp4 sample_videos/room_swap.mp4
DETECTOR ?= auto
EMBEDDER ?= auto
OUT      ?= castcheck-out

MUTANTS  ?= 40
SEED     ?= 1

PYTEST   ?= -q -n auto --maxprocesses=8

.PHONY: venv demo test check fuzz format-check lint types contracts security docs goldens preview \
  mutants clean

venv: $(READY)

$(READY): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV): about 6 GB, which takes some minutes and says nothing meanwhile."
	$(BIN)/python -m pip install -qq --editable '.[dev]'
	@touch $@

demo: $(READY)
	@$(BIN)/castcheck check $(CLIPS) -o $(OUT) --detector $(DETECTOR) --embedder $(EMBEDDER) \
		--format json,html,video; \
	code=$$?; test $$code -le 1 || exit $$code; \
	echo; echo "The pages to open:"; \
	for clip in $(CLIPS); do echo "  $(OUT)/$$(basename "$${clip%.*}")/report.html"; done

test: $(READY)
	@$(BIN)/python -m pytest $(PYTEST)

check: format-check lint types contracts security test

format-check: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/python -m tools.plain_words

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports --no-cache

security: $(READY)
	$(BIN)/bandit -q -c pyproject.toml -r castcheck identity tracker scenes

# Both halves stop by themselves and say what they tried. Mutants that go wrong are written into
# tests/corpus/mutants.txt, whose lines are rows of a test.
fuzz: $(READY)
	@$(BIN)/python -m tests.castcheck.fuzz --seconds 240; options=$$?; \
	$(BIN)/python -m tests.corpus.mutants --count 1000000 --first $$(date +%s) --seconds 330 \
		&& test $$options -eq 0

docs: $(READY)
	$(BIN)/python -m castcheck.config > docs/configuration.md
	$(BIN)/python -m tools.cli_reference > docs/cli.md

preview: $(READY)
	$(BIN)/python -m tools.preview

# Some minutes to begin with, then seconds each; MUTANTS=N and SEED=N choose how many and which.
mutants: $(READY)
	$(BIN)/python -m tools.mutants --count $(MUTANTS) --seed $(SEED)

goldens: $(READY)
	$(BIN)/python -m tests.castcheck.make_goldens
	@git --no-pager diff --stat -- tests

clean:
	rm -rf $(OUT) .pytest_cache .mypy_cache .ruff_cache .hypothesis
