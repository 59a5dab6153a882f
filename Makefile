SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

# The architecture under Lambda's name for it.
ARCH ?= x86_64
export ARCH
GOARCH_x86_64 = amd64
GOARCH_arm64 = arm64
GOARCH_FOR_LAMBDA = $(or $(GOARCH_$(ARCH)),$(error ARCH is x86_64 or arm64, not "$(ARCH)"))
FOR_LAMBDA = CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH_FOR_LAMBDA)

# The one command behind `make build` and `sam build`, so that both give the same bytes.
BUILD = $(FOR_LAMBDA) go build -tags lambda.norpc -trimpath -buildvcs=false -ldflags='-s -w'

LOCAL = .local/bin/local

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- run it

.PHONY: run
run: $(LOCAL) ## start everything on this machine; Ctrl-C ends it (PORT=9000 changes the port)
	@exec $(LOCAL) run

.PHONY: reset
reset: $(LOCAL) ## wipe the data of `make run`
	@exec $(LOCAL) reset

.PHONY: fire
fire: $(LOCAL) ## run a scheduled function now: make fire name=sweep-stalled at=2026-12-24T00:00:00Z event='{"days":90}'
	@exec $(LOCAL) fire -name '$(name)' $(if $(at),-at '$(at)') $(if $(event),-event '$(event)')

# Phony, since Go knows better than make what has changed.
.PHONY: $(LOCAL)
$(LOCAL):
	@command -v go >/dev/null || { echo "Go is missing: install it from https://go.dev/dl and try again."; exit 1; }
	@test -x $@ || echo "building the local cloud; the first time takes a few minutes"
	@mkdir -p $(@D)
	@cd infra/local && go build -buildvcs=false -o ../../$@ .

# The two below go to `make run` on this machine, or with where=aws to the deployed stack.
where ?= local

.PHONY: staff
staff: $(LOCAL) ## erase an account, hold an item, lift a hold, on record: make staff event='{"actor":"…",…}' [where=aws]
	@infra/invoke '$(where)' Staff '$(event)'

.PHONY: replay-erasures
replay-erasures: $(LOCAL) ## after a restore, before traffic: who had been erased is erased again [where=aws]
	@for round in $$(seq 60); do \
		said=$$(infra/invoke '$(where)' SweepAccounts) || { echo "$$said"; exit 1; }; \
		echo "$$said"; tr -d ' \\' <<<"$$said" | grep -q '"restored":0' && exit 0; sleep 30; \
	done; echo "some are still being erased: their reasons are in app.erasure; run this again"; exit 1

# ---- test it

# The race detector needs a C compiler; Go switches cgo off where there is none.
RACE = $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)
TEST = go test -json -count=1 -timeout=5m $(RACE) ./...
WITH_PARTS = $(LOCAL) with --parts=postgres,bucket,google,cdn,models,stripe --
TALLY = .local/bin/tally

.PHONY: test
test: $(LOCAL) $(TALLY) ## every test, on real parts of their own; passes beside a running `make run`
	@$(if $(RACE),,echo "no C compiler found: testing without the race detector")
	@set -o pipefail; { failed=0; \
		$(WITH_PARTS) $(TEST) || failed=1; \
		(cd infra/local && $(TEST)) || failed=1; \
		(cd infra/tools && $(TEST)) || failed=1; \
		exit $$failed; } | $(TALLY)

.PHONY: test-pgbouncer
test-pgbouncer: export POOLER = pgbouncer
test-pgbouncer: RACE = # what races, races in make test too
test-pgbouncer: $(LOCAL) $(TALLY) ## the main module's tests through PgBouncer, which must be installed
	@set -o pipefail; $(WITH_PARTS) $(TEST) | $(TALLY) -browser=

.PHONY: test-events
test-events: $(LOCAL) ## a life of Stripe's events in 500 orders, each ten times, half of them at once, some lost
	@set -o pipefail; $(LOCAL) with --parts=postgres,stripe -- go test -count=1 -timeout=15m -run Life ./functions/stripe-webhook -permutations=500 | grep -v '^{'

.PHONY: test-erasure
test-erasure: $(LOCAL) ## an erasure in which each request goes wrong in each way, one by one, and every race a hundred times
	@set -o pipefail; $(WITH_PARTS) go test -count=1 -timeout=40m ./functions/sweep-accounts -every=1 -races=100 | grep -v '^{'

.PHONY: test-export
test-export: $(LOCAL) ## a library of 10,000 images, 5 GB, packed by a function that is killed five times; needs 8 GB of disk
	@set -o pipefail; $(LOCAL) with --parts=postgres,bucket -- go test -count=1 -timeout=30m -v -run AnySize ./functions/pack-export -images=10000 -bytes=512000 -parts=80 | grep -v '^{'

.PHONY: promises
promises: $(LOCAL) ## play seven years of people who come and leave, and say of each clause of the policy whether it was kept
	@$(LOCAL) promises

.PHONY: promises-broken
promises-broken: ## play builds in each of which one line is wrong: each turns exactly its clauses of the policy red
	@cd infra/local && go test -count=1 -timeout=20m ./promises -play

.PHONY: bench
bench: $(LOCAL) ## how fast the service is beside what limits it, measured in turns; takes a few minutes, 4 GB of disk
	@$(LOCAL) bench
	@set -o pipefail; $(LOCAL) with --parts=postgres,bucket -- go test -count=1 -timeout=20m -v -run BesideReading ./functions/pack-export -rounds=5 -weight=2500000 | grep -v '^{'
	@set -o pipefail; $(LOCAL) with --parts=postgres -- go test -count=1 -timeout=20m -v -run BesideCopy ./functions/keep-logs -rounds=5 -batches=100 | grep -v '^{'
	@set -o pipefail; $(LOCAL) with --parts=postgres -- go test -count=1 -timeout=40m -v -run BesideDeleting ./functions/sweep-logs -rounds=5 -rows=5000000 | grep -v '^{'

.PHONY: policy-reviewed
policy-reviewed: ## after a change of /privacy, once code, tests and measures of its clauses have been looked at again
	@go test -count=1 -run NoSentenceOfThePolicy ./functions/site -reviewed && git diff --stat shared/policy

.PHONY: $(TALLY)
$(TALLY):
	@mkdir -p $(@D)
	@cd infra/tools && go build -buildvcs=false -o ../../$@ ./tally

# ---- check it

MODULES = . infra/local infra/tools

# Linters are built once per version of infra/tools/go.mod and kept outside the tree.
CACHE = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/nanoflux
TOOLS = $(CACHE)/tools-$(shell go env GOVERSION)-$(shell cksum <infra/tools/go.sum | cut -d ' ' -f 1)

.PHONY: check
check: format vet lint deadcode template starts test ## everything below and the tests

.PHONY: format
format: ## gofmt has nothing to say
	@files=$$(gofmt -l functions shared infra) && test -z "$$files" || \
		{ printf 'not formatted, run gofmt -w on:\n%s\n' "$$files"; exit 1; }

.PHONY: vet
vet: ## go vet, all modules
	@for module in $(MODULES); do (cd $$module && go vet ./...) || exit 1; done

.PHONY: lint
lint: tools ## golangci-lint, all modules
	@for module in $(MODULES); do \
		(cd $$module && $(TOOLS)/golangci-lint run --allow-parallel-runners --config $(CURDIR)/.golangci.yaml ./...) || exit 1; \
	done

# Registers are there to be read and to be held to the truth by their tests; no program calls them.
REGISTERS = shared/schema/catalogue\.go

.PHONY: deadcode
deadcode: tools ## no function of ours that no program reaches
	@dead=$$($(TOOLS)/deadcode -tags lambda.norpc ./functions/... ./infra/stripe-setup ./infra/verify-receipt && cd infra/local && $(TOOLS)/deadcode .) || exit 1; \
	dead=$$(grep -vE '^($(REGISTERS)):' <<<"$$dead" | grep .) && { printf 'never called:\n%s\n' "$$dead"; exit 1; } || true

.PHONY: template
template: ## cfn-lint reads template.yaml
	@if command -v cfn-lint >/dev/null; then cfn-lint template.yaml; \
	elif [ -n "$$CI" ]; then echo "cfn-lint is missing"; exit 1; \
	else echo "template.yaml was not linted: cfn-lint is missing (pip install cfn-lint)"; fi

# Package initialisation of the template engines would be paid at every cold start.
.PHONY: starts
starts: ## no function but migrate links a template engine
	@list='{{if eq .Name "main"}}{{.ImportPath}}: {{join .Deps " "}}{{end}}'; \
	all=$$($(FOR_LAMBDA) go list -tags lambda.norpc -f "$$list" ./functions/...) || exit 1; \
	slow=$$(grep -v '/migrate:' <<<"$$all" | grep -E ' (text|html)/template( |$$)' | cut -d: -f1); \
	test -z "$$slow" || { printf 'links text/template or html/template:\n%s\n' "$$slow"; exit 1; }

.PHONY: tools
tools:
	@test -x $(TOOLS)/golangci-lint || { \
		echo "building the linters; the first time takes a minute or two"; \
		mkdir -p $(TOOLS) && cd infra/tools && go build -buildvcs=false -o $(TOOLS)/ tool; }

# ---- deploy it

.PHONY: build
build: ## every function as it is deployed, into build/<name>/bootstrap (ARCH=arm64 for Graviton)
	@$(BUILD) -o build/.$(ARCH)/ ./functions/...
	@rm -rf build/*
	@for main in functions/*/main.go; do \
		name=$$(basename "$$(dirname "$$main")"); \
		mkdir -p "build/$$name" && ln -f "build/.$(ARCH)/$$name" "build/$$name/bootstrap" || exit 1; \
	done

# Who signs the database's certificate, in PEM; Supabase signs its own and offers the file in its dashboard.
DATABASE_CA = infra/database-ca.pem

# What `sam build` runs for the resource LoginCallback: functions/login-callback into $(ARTIFACTS_DIR).
build-%:
	@folder=$$(sed 's/\([a-z0-9]\)\([A-Z]\)/\1-\2/g' <<<'$*' | tr '[:upper:]' '[:lower:]'); \
	$(BUILD) -o "$${ARTIFACTS_DIR:?is set by sam build}/bootstrap" "./functions/$$folder" && \
	if [ -f $(DATABASE_CA) ]; then cp $(DATABASE_CA) "$$ARTIFACTS_DIR/"; fi

.PHONY: stripe-setup
stripe-setup: ## create or check what is sold at Stripe: STRIPE_SECRET_KEY=sk_test_… make stripe-setup SITE=https://…
	@go run ./infra/stripe-setup

.PHONY: verify-receipt
verify-receipt: ## what an erasure's receipt says: make verify-receipt receipt=file.jws keys=https://…/.well-known/jwks.json
	@go run ./infra/verify-receipt -receipt '$(receipt)' -keys '$(keys)'

# Values for the template's parameters; Architecture always comes from here, or code and machine would differ.
PARAMETERS = --parameter-overrides $(addprefix file://,$(wildcard parameters.yaml)) Architecture=$(ARCH)

.PHONY: deploy
deploy: ## sam build, sam deploy with your parameters.yaml, then the migrations
	@test -f $(DATABASE_CA) || { echo "$(DATABASE_CA) is missing: download your project's certificate from Supabase (Database, SSL) and put it there."; exit 1; }
	@sam build $(PARAMETERS)
	@sam deploy $(PARAMETERS)
	@set -o pipefail; sam remote invoke Migrate --event "{\"at\":\"$$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}" --output json | \
		awk '{print} /"FunctionError"/ {failed = 1} END {exit failed}'
