# One list of tasks for people and for continuous integration. Each creates what it needs.

SIZES ?= 1 10
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
THALWEG := $(BIN)/thalweg

.DEFAULT_GOAL := help
.PHONY: help demo test bench study lint clean system-packages bpmn-js

help:  ## list the tasks
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

demo: $(READY)  ## map a sample, prove what changed a made-up industry, judge a platform; see demo/
	@mkdir -p demo
	$(BIN)/python -m thalweg.industry.sample demo/sample
	$(THALWEG) ingest demo/sample/steel_orders.csv --mapping demo/sample/steel_orders.yaml --into demo/steel-orders --replace
	$(THALWEG) ingest demo/sample/钢材订单.csv --mapping demo/sample/钢材订单.yaml --into demo/钢材订单 --replace
	$(THALWEG) map demo/steel-orders --type order
	$(THALWEG) discover demo/steel-orders --type order --choose --picture demo/model.svg --save demo/model.bpmn
	$(THALWEG) waits demo/steel-orders --type order
	$(THALWEG) conform --example --language en > demo/rules.yaml
	$(THALWEG) conform --example --language zh > demo/规则.yaml
	$(THALWEG) report demo/steel-orders -o demo/report.html --rules demo/rules.yaml --language en
	$(THALWEG) report demo/钢材订单 -o demo/report.zh.html --rules demo/规则.yaml --language zh
	$(THALWEG) demo demo/industry --replace
	$(THALWEG) prove demo/industry/book --truth demo/industry/truth.json
	$(THALWEG) report demo/industry/book --type order -o demo/industry.html --language en
	$(THALWEG) demo demo/traffic-war --archetype traffic_war --no-truth --replace
	$(THALWEG) sustain demo/traffic-war/book --set marketing=-50%
	$(THALWEG) judge demo/traffic-war/book
	$(THALWEG) report demo/traffic-war/book -o demo/traffic-war.html --language en
	$(THALWEG) demo demo/流量战争 --archetype traffic_war --no-truth --language zh --replace
	$(THALWEG) report demo/流量战争/book -o demo/流量战争.html --language zh
	@cat tools/after-demo.txt

test: lint system-packages bpmn-js  ## check style and types, then run every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile </dev/null

bench: $(READY)  ## measure against the peers; SIZES="1 10 100" in millions of events
	$(BIN)/python benchmarks/bench.py --sizes $(SIZES)

study: $(READY)  ## simulate known truths, and report coverage and false discoveries
	$(BIN)/python benchmarks/study.py

lint: $(READY)  ## check style, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:  ## remove what the tasks wrote; the environment (.venv) stays
	rm -rf demo benchmarks/data build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

system-packages:
	@bash tools/system-packages.sh tests

bpmn-js: $(READY)
	@bash tools/bpmn-js.sh $(VENV)

$(READY): pyproject.toml
	@test -x $(BIN)/pip || bash tools/environment.sh $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
