# Aloft. `make demo` and `make test` do everything on a fresh Debian 12 machine; `make help` lists the rest.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
BUILD := build/release
PYTHON := build/venv/bin/python
PYTEST := $(PYTHON) -m pytest -q
# Most of what a test of real clients does is waiting; the tests of a file share a server.
SIDE_BY_SIDE := -n $(shell echo $$((2 * $(JOBS)))) --dist loadfile
# In a terminal one line that counts the steps; elsewhere one line before, and then only what goes wrong.
compile = if [ -t 1 ]; then ninja -C $(1) -j $(JOBS); else echo "building in $(1) (minutes, where nothing is built yet)"; ninja -C $(1) -j $(JOBS) --quiet; fi

.PHONY: help demo test build unit api fault soak fuzz bench asan tsan lint tidy format compatibility setup lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 10

demo: build ## install, build, start a cloud, and walk real data through it (KEEP=1 leaves it running)
	@$(PYTHON) examples/demo/demo.py --binary $(BUILD)/src/app/aloft $(if $(KEEP),--keep)

test: build lint unit api fault ## every test that guards a change, from nothing

setup: ## install what is missing
	@tools/setup

build: setup ## the server and its tools, optimized
	@[ -f $(BUILD)/build.ninja ] || cmake --preset release > /dev/null
	@$(call compile,$(BUILD))

unit: build ## tests beside the code
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

api: build ## real clients against a running server
	@$(PYTEST) $(SIDE_BY_SIDE) tests/tools tests/runtime tests/api --binary $(BUILD)/src/app/aloft
	@$(PYTEST) $(SIDE_BY_SIDE) tests/api --engines postgres --binary $(BUILD)/src/app/aloft

fault: build ## power cuts, kill -9, full disks
	@$(PYTEST) $(SIDE_BY_SIDE) tests/fault --binary $(BUILD)/src/app/aloft

soak: build ## the long form of the fault tests and of those that draw at random, and every test of clients on PostgreSQL
	@ALOFT_SOAK=1 $(BUILD)/src/services/objects/histories/object_histories_test --gtest_filter='*Histories*:*Model*'
	@ALOFT_SOAK=1 $(PYTEST) tests/fault --binary $(BUILD)/src/app/aloft
	@ALOFT_SOAK=1 $(PYTEST) $(SIDE_BY_SIDE) tests/api --engines postgres --binary $(BUILD)/src/app/aloft

lint: setup ## layers, formatting, headers that compile alone
	@python3 tools/check_layers.py
	@python3 tools/check_format.py
	@python3 tools/check_headers.py $(BUILD)

tidy: setup ## clang-tidy's short list (slow); FILES narrows it
	@[ -f build/tidy/build.ninja ] || cmake --preset tidy > /dev/null
	@ninja -C build/tidy --quiet aloft_generated_shapes
	@git ls-files '$(or $(FILES),src/*.cc)' | grep -v -e _test.cc -e _fuzz.cc -e _bench.cc | xargs -P $(JOBS) -n 4 clang-tidy-16 --quiet -p build/tidy

compatibility: build ## write docs/compatibility.md from the binary
	@$(PYTHON) tools/generate_compatibility.py --binary $(BUILD)/src/app/aloft

format: ## clang-format everything in place
	@python3 tools/check_format.py --fix

asan tsan: setup ## unit tests under the address (asan) or thread (tsan) sanitizer
	@[ -f build/$@/build.ninja ] || cmake --preset $@ > /dev/null
	@$(call compile,build/$@)
	@TSAN_OPTIONS="die_after_fork=0 suppressions=$(CURDIR)/tools/tsan.supp" ctest --test-dir build/$@ --output-on-failure -j $(JOBS)

fuzz: setup ## each fuzz target for FUZZ_SECONDS (default 30)
	@cmake --preset fuzz > /dev/null
	@$(call compile,build/fuzz)
	@tools/run_fuzzers build/fuzz $(or $(FUZZ_SECONDS),30)

bench: build ## side by side with other servers: build/bench.json and docs/benchmarks.md (QUICK=1: two short rounds)
	@$(PYTHON) bench/run.py --build $(BUILD) $(if $(QUICK),--quick)

lock: ## pin tests/requirements.in with hashes
	@[ -x build/lock/bin/pip-compile ] || { python3 -m venv build/lock && build/lock/bin/pip install -q pip-tools; }
	@build/lock/bin/python -m piptools compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o tests/requirements.txt tests/requirements.in

clean: ## remove what was built (not the Python clients)
	@rm -rf build/release build/dev build/asan build/tsan build/fuzz build/tidy
