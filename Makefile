# tcpquota. `make`, `make check`, `make demo`, `make install DESTDIR= PREFIX=`; see README.

VERSION = 2.0
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
# Units, snippets and the sysv script go where init looks for them, whatever PREFIX is.
UNITDIR ?= /usr/lib/systemd/system
MANDIR = $(PREFIX)/share/man
DATADIR = $(PREFIX)/share/tcpquota

# SANITIZE=1 builds with the address and undefined-behaviour sanitizers, in a folder of its own.
BUILD = build$(if $(SANITIZE),-asan)

PKG_CONFIG ?= pkg-config
PACKAGES = sqlite3 libnetfilter_queue libip4tc libip6tc libmnl libseccomp libcap jansson libsystemd
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wvla $(if $(WERROR),-Werror)
HARDENED = -fPIE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
SANITIZED = -fPIE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDENING = $(if $(SANITIZE),$(SANITIZED),$(HARDENED))
CFLAGS ?= -O2 -g
CPPFLAGS_ALL = -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DLOCALEDIR='"$(PREFIX)/share/locale"' \
	-Ilib -Idaemon -Itools -Iaccess \
	$(shell $(PKG_CONFIG) --cflags $(PACKAGES)) $(CPPFLAGS)
CFLAGS_ALL = -std=c11 $(WARNINGS) $(HARDENING) $(CFLAGS)
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now $(if $(SANITIZE),$(SANITIZED)) $(LDFLAGS)
LIBS = $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -liniparser
# Of one program alone.
LIBS_tcpquota = $(shell $(PKG_CONFIG) --libs ncursesw)
SERVER_PACKAGES = libevent_core libevent_extra libssl libcrypto
LIBS_server = $(shell $(PKG_CONFIG) --libs $(SERVER_PACKAGES))

LIB_OBJECTS = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard lib/*.c)) $(BUILD)/obj/schema.o
DAEMON_OBJECTS = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard daemon/*.c))
# What the unit tests link: the daemon without its main file.
MODULE_OBJECTS = $(filter-out %/tcpquotad.o,$(DAEMON_OBJECTS)) $(BUILD)/libaccess.a
# What the programs of tools/ share, and what each has of its own: openhost.c, openhost_*.c.
TOOLS = openhost openfw tcpquota
TOOL_SHARED = $(addprefix $(BUILD)/obj/tools/,program.o link.o question.o question_local.o show.o table.o view.o)
parts_of = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tools/$(1).c tools/$(1)_*.c))
# The doors of access/: each has a main file and parts of its own (authd.c, authd_*.c); of the other
# modules there, in a library, each takes what it uses.
DOORS = authd server
DOOR_SHARED = $(patsubst %.c,$(BUILD)/obj/%.o, \
	$(filter-out $(foreach d,$(DOORS),access/$(d).c access/$(d)_%.c),$(wildcard access/*.c)))
door_parts_of = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard access/$(1).c access/$(1)_*.c))
PROGRAMS = $(BUILD)/tcpquotad $(addprefix $(BUILD)/,$(TOOLS)) \
	$(addprefix $(BUILD)/tcpquota-,$(DOORS))
CATALOGUES = $(patsubst po/%.po,$(BUILD)/locale/%/LC_MESSAGES/tcpquota.mo,$(wildcard po/*.po))
UNIT_TESTS = $(patsubst t/unit/%.c,$(BUILD)/t/%.t,$(wildcard t/unit/*_test.c))
PRELOADED = t/helper/slow_fsync.c t/helper/stepped_clock.c t/helper/missing.c
HELPERS = $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c)) \
	$(patsubst t/helper/%.c,$(BUILD)/t/%,$(filter-out $(PRELOADED),$(wildcard t/helper/*.c)))
PRELOADS = $(patsubst t/helper/%.c,$(BUILD)/t/%.so,$(PRELOADED))

.PHONY: all programs tests deps check check-here asan demo bench fuzz tidy po install uninstall \
	clean
.DELETE_ON_ERROR:
.SECONDARY:

# Without the packages nothing can be built: then root installs them, and others are told which.
all:
	@$(PKG_CONFIG) --exists $(PACKAGES) $(SERVER_PACKAGES) ncursesw 2>/dev/null && command -v msgfmt >/dev/null || \
	    sh init/install-deps
	@$(MAKE) --no-print-directory programs

programs: $(PROGRAMS) $(CATALOGUES)

tests: programs $(UNIT_TESTS) $(HELPERS) $(PRELOADS)

deps:
	sh init/install-deps

$(BUILD)/tcpquotad: $(DAEMON_OBJECTS) $(BUILD)/libtcpquota.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

.SECONDEXPANSION:
$(addprefix $(BUILD)/,$(TOOLS)): $(BUILD)/%: $$(call parts_of,$$*) $(TOOL_SHARED) \
		$(BUILD)/libtcpquota.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(LIBS_$*)

$(addprefix $(BUILD)/tcpquota-,$(DOORS)): $(BUILD)/tcpquota-%: $$(call door_parts_of,$$*) \
		$(BUILD)/libaccess.a $(BUILD)/libtcpquota.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(LIBS_$*)

$(BUILD)/libaccess.a: $(DOOR_SHARED)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/locale/%/LC_MESSAGES/tcpquota.mo: po/%.po
	@mkdir -p $(@D)
	msgfmt --check-format --check-domain -o $@ $<

$(BUILD)/libtcpquota.a: $(LIB_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/obj/schema.o: $(BUILD)/gen/schema.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/gen/schema.c: schema/embed $(wildcard schema/*.sql)
	@mkdir -p $(@D)
	sh schema/embed schema/*.sql > $@

$(BUILD)/t/%_test.t: t/unit/%_test.c $(MODULE_OBJECTS) $(BUILD)/libtcpquota.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) -It/unit $(CFLAGS_ALL) -MMD -MP $(LDFLAGS_ALL) -o $@ $< \
	    $(MODULE_OBJECTS) $(BUILD)/libtcpquota.a $(LIBS) $(LIBS_server)

$(BUILD)/t/%.so: t/helper/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) -std=c11 $(WARNINGS) $(CFLAGS) -shared -fPIC -o $@ $< -ldl

# Drives modules of the daemon.
$(BUILD)/t/block: t/helper/block.c $(MODULE_OBJECTS) $(BUILD)/libtcpquota.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP $(LDFLAGS_ALL) -o $@ $< \
	    $(MODULE_OBJECTS) $(BUILD)/libtcpquota.a $(LIBS) $(LIBS_server)

$(BUILD)/t/%: t/helper/%.c $(BUILD)/libtcpquota.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP $(LDFLAGS_ALL) -o $@ $< \
	    $(BUILD)/libtcpquota.a $(LIBS)

$(BUILD)/bench/%: bench/%.c $(MODULE_OBJECTS) $(BUILD)/libtcpquota.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP $(LDFLAGS_ALL) -o $@ $< \
	    $(MODULE_OBJECTS) $(BUILD)/libtcpquota.a $(LIBS) $(LIBS_server)

# The packages come first, and only a second make knows where they are.
check: deps
	$(MAKE) check-here

# Those of whole systems, two at a time: each has namespaces of its own, and mostly waits. TESTS
# names others.
JOBS ?= 2
PROVE = BUILD=$(CURDIR)/$(BUILD) prove --timer --failures --comments $(PROVE_FLAGS)
check-here: tests
	$(if $(TESTS),$(PROVE) $(TESTS),status=0; $(PROVE) $(UNIT_TESTS) || status=1; \
	    $(PROVE) -j $(JOBS) t/*.t || status=1; exit $$status)

asan: deps
	$(MAKE) SANITIZE=1 check-here

demo: deps
	$(MAKE) tests
	BUILD=$(CURDIR)/$(BUILD) sh t/demo

bench:
	sh init/install-deps --with-bench
	$(MAKE) tests
	BUILD=$(CURDIR)/$(BUILD) sh bench/run
	BUILD=$(CURDIR)/$(BUILD) sh bench/commands
	BUILD=$(CURDIR)/$(BUILD) sh bench/control
	BUILD=$(CURDIR)/$(BUILD) sh bench/local
	BUILD=$(CURDIR)/$(BUILD) sh bench/authd
	BUILD=$(CURDIR)/$(BUILD) sh bench/server

# Each parser under libFuzzer for FUZZ_SECONDS, from the corpus in t/corpus.
FUZZ_SECONDS ?= 60
fuzz:
	sh init/install-deps --with-fuzz
	FUZZ_SECONDS=$(FUZZ_SECONDS) sh t/fuzz/run

# Takes the sentences of the programs over into the catalogues; what is new or has changed there is
# then to be translated.
po:
	@mkdir -p $(BUILD)
	sh po/extract > $(BUILD)/tcpquota.pot
	for catalogue in po/*.po; do \
	    msgmerge --quiet --update --backup=none $$catalogue $(BUILD)/tcpquota.pot || exit 1; \
	done

tidy:
	clang-tidy --quiet lib/*.c daemon/*.c tools/*.c access/*.c -- $(CPPFLAGS_ALL) -std=c11
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --error-exitcode=1 -Ilib -Idaemon -Itools -Iaccess lib daemon tools access

install: all
	sh init/install-files install "$(DESTDIR)" "$(PREFIX)" "$(SYSCONFDIR)" "$(UNITDIR)" "$(BUILD)"

uninstall:
	sh init/install-files uninstall "$(DESTDIR)" "$(PREFIX)" "$(SYSCONFDIR)" "$(UNITDIR)" "$(BUILD)"

clean:
	rm -rf build build-asan build-fuzz

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
