# One entry for people and for CI. What is longer than a few lines lives in deploy/ and tests/.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The same output and the same results on every machine, whatever its user's locale and time zone.
export CARGO_TERM_COLOR := never
export LC_ALL := C.UTF-8
export TZ := UTC
export RUST_BACKTRACE := 1
export CARGO_TARGET_DIR ?= $(CURDIR)/target

MOTLAN := $(CARGO_TARGET_DIR)/debug/motlan

.PHONY: help run story motlan verify demo-reset test test-all chaos bench sabotage fuzz lint fmt build servers servers-to-run

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(if $(MOTLAN_DATABASE__URL),,servers-to-run) build ## Start the whole gateway on this machine, database included (ARGS="…" goes to `motlan up`)
	@exec "$(MOTLAN)" up $(ARGS)

story: build ## Play the demonstration against the instance that `make run` started
	@exec "$(MOTLAN)" story $(ARGS)

motlan: build ## Any other command about that instance: make motlan ARGS="user list"
	@exec "$(MOTLAN)" --instance .motlan $(ARGS)

verify: build ## Ask every invariant of the books that `make run` keeps; exit 1 names what is broken
	@url=$$(sed -n 's/.*"database_url_readonly": "\(.*\)".*/\1/p' .motlan/run.json 2>/dev/null); \
	test -n "$$url" || { echo "nothing is running here: make run" >&2; exit 1; }; \
	MOTLAN_DATABASE__URL="$$url" exec "$(MOTLAN)" verify $(ARGS)

demo-reset: $(if $(MOTLAN_DATABASE__URL),,servers-to-run) build ## Start again from an empty database: all demonstration data is deleted
	@exec "$(MOTLAN)" up --reset $(ARGS)

test: servers ## Run every test; the last line says how many passed
	@exec tests/run.sh

test-all: servers ## Run the slow tests that `make test` leaves out; the last line says how many passed
	@exec tests/test_all.sh

fuzz: ## Run every fuzz target SECONDS each (60 unless given; a nightly toolchain is needed)
	@exec fuzz/run.sh $(or $(SECONDS),60)

chaos: servers ## Break everything at once and compare the books with every other side (SEED=n MINUTES=n; docs/chaos.md)
	@cargo build -q --locked -p motlan
	@cargo build -q --locked -p tests --bin chaos
	@SEED="$(SEED)" MINUTES="$(MINUTES)" SECONDS_OF_FAULTS="$(SECONDS_OF_FAULTS)" exec "$(CARGO_TARGET_DIR)/debug/chaos"

bench: servers ## Measure the release build beside its floors (LINES_OF_A_FILE=n FORMATS_OF_FILES="mt940 camt csv")
	@LINES_OF_A_FILE="$(LINES_OF_A_FILE)" FORMATS_OF_FILES="$(FORMATS_OF_FILES)" exec tests/bench.sh

sabotage: servers ## Break the program on purpose, once for each patch of tests/sabotage, and see that chaos turns red
	@exec tests/sabotage/run.sh

lint: ## Check formatting, run clippy (a warning is an error), and read what lies under deploy/
	@cargo fmt --check
	@cargo clippy --workspace --all-targets --locked -- -D warnings
	@bash -n deploy/*.sh deploy/postgres/*.sh fuzz/*.sh tests/*.sh tests/test_all/*.sh
	@cargo test -q --locked -p motlan --test motlan -- deployment observed

fmt: ## Format the sources
	@cargo fmt

build:
	@cargo build -p motlan --locked

servers:
	@deploy/install-servers.sh

servers-to-run:
	@deploy/install-servers.sh --redis-optional
