#!/bin/sh
# What --check and the start say of a kernel that lacks something, and of a network that has a hole.
. "$(dirname "$0")/lib.sh"

if ldd "$BUILD/tcpquotad" | grep -q libasan; then
    echo "1..0 # SKIP needs LD_PRELOAD, which the sanitizers have for themselves"
    exit 0
fi
make_network
configure
check() { on_gate env MISSING="$1" LD_PRELOAD="$BUILD/t/missing.so" "$BUILD/tcpquotad" -n -c "$CONF" >"$TRASH/said" 2>&1; }
# lacks WHAT CODE TEXT...: every text is in what it says
lacks() {
    what=$1 code=$2
    shift 2
    check "$what"
    is "without $what: exit code" $? "$code"
    for text; do
        ok "without $what: it says $text" grep -q "$text" "$TRASH/said"
    done
}
check ''
is "with everything: exit code" $? 0
is "with everything: it says nothing else" "$(cat "$TRASH/said")" 'tcpquotad: configuration, database and firewall are in order'
lacks xtables 71 'gate: IPv4 table filter: the kernel has no such legacy xtables table' 'nobody is let out or held back'
lacks recent 0 "no match .recent. (module xt_recent)" 'LEASE is off'
lacks conntrack 71 '/proc/net/nf_conntrack: not there' 'nobody is charged'
lacks landlock 0 'no-landlock' 'limited by their owners alone'
lacks 'recent landlock' 0 'no-lease' 'no-landlock'
is "--check has made no entry" "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)" 0
configure LEASE=0
check recent
ok "with LEASE=0 nobody needs the match" not grep -q no-lease "$TRASH/said"

configure
check mac
ok "without BIND_MAC nobody needs the match" not grep -q no-mac "$TRASH/said"
configure BIND_MAC=yes
lacks mac 71 'no match .mac. (module xt_mac)' 'nobody can be let out'

configure
check owner
ok "without ENFORCE_LOCAL=close nobody needs the match" not grep -q no-owner "$TRASH/said"
configure ENFORCE_LOCAL=close
check ''
is "with it all is in order" $? 0
lacks owner 71 'no-owner the kernel has no match .owner. or no .tcp.' 'connect outside again at once'
lacks tcp 71 'no-owner the kernel has no match .owner. or no .tcp.'
is "nor has that made an entry" "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)" 0

# The start goes on without what it can do without, and says so; and not without the tables.
configure
start_without() { MISSING=$1 LD_PRELOAD="$BUILD/t/missing.so" start_daemon 2>"$TRASH/said"; }
ok "it starts without recent and Landlock" start_without 'recent landlock'
ok "says that the lease is off" within 5 logged 'warning no-lease'
ok "and that Landlock is" within 5 logged 'warning no-landlock'
allow alice 1000
order 10.99.0.2 alice
ok "and opens hosts" within 5 is_open 10.99.0.2
ok "that get out" within 5 reaches
is "no entry asks for the lease" "$(on_gate iptables-legacy-save | grep -c 'm recent')" 0
stop_daemon
ok "it does not start without the tables" not start_without xtables
ok "and says why" grep -q 'gate: IPv4 table filter: the kernel has no such' "$TRASH/said"

configure ENFORCE_LOCAL=close
: >"$LOG"
ok "it starts with all that ENFORCE_LOCAL=close needs" start_without ''
is "and has nothing to say of it" "$(grep -c no-owner "$LOG")" 0
stop_daemon
ok "it starts without, too" start_without owner
told_of_owner() { same "$(grep -c ' err no-owner' "$LOG") $(grep -c no-owner "$LOG")" "$1"; }
ok "and says so, as an error, once" within 5 told_of_owner '1 1'
order 10.99.0.2 alice
ok "and opens hosts" within 5 is_open 10.99.0.2
ok "that get out" within 5 reaches
stop_daemon

# Chains of nftables that drop what we accept: by policy, by a rule at their end; others do not.
if nft -v >/dev/null 2>&1; then
    on_gate nft 'add table inet fine; add chain inet fine forward { type filter hook forward priority 10; policy accept; };
        add rule inet fine forward ip saddr 203.0.113.7 drop; add rule inet fine forward counter accept;
        add chain inet fine other { type filter hook input priority 0; policy drop; }; add chain inet fine plain; add rule inet fine plain drop'
    check ''
    is "chains that do no harm: nothing is said" "$(grep -c nftables "$TRASH/said")" 0
    on_gate nft 'add table ip one; add chain ip one forward { type filter hook forward priority 0; policy drop; };
        add table inet two; add chain inet two forward { type filter hook forward priority 10; policy accept; };
        add rule inet two forward iifname "lo" accept; add rule inet two forward counter reject with icmpx admin-prohibited;
        add table ip6 three; add chain ip6 three forward { type filter hook forward priority 0; };
        add rule ip6 three forward log prefix "x" counter drop'
    check ''
    is "chains that drop are no reason to fail" $? 0
    ok "one that drops by policy is named" grep -q 'nftables chain "one forward" drops forwarded traffic by policy' "$TRASH/said"
    ok "one that ends in reject is named" grep -q 'nftables chain "two forward" drops forwarded traffic by a rule' "$TRASH/said"
    ok "one that ends in drop is named" grep -q 'nftables chain "three forward" drops forwarded traffic by a rule' "$TRASH/said"
    is "and no other" "$(grep -c nftables "$TRASH/said")" 3
    : >"$LOG"
    start_daemon
    chains_warned_of() { same "$(grep -c 'warning nftables chain' "$LOG")" "$1"; }
    ok "the start says the same" within 5 chains_warned_of 3
    stop_daemon
    on_gate nft flush ruleset
else
    echo "# nft is not there: chains of nftables are not tested"
fi

# A hole of IPv6.
sed -i 's/ fd99::\/64//' "$CONF"
check ''
ok "IPv6 forwarding without IPv6 in LOCALNET is named" grep -q 'IPv6 forwarding is on, but LOCALNET has no IPv6 network' "$TRASH/said"
on_gate sysctl -qw net.ipv6.conf.all.forwarding=0
check ''
ok "without the forwarding it is not" not grep -q 'IPv6' "$TRASH/said"

# The database is looked at as the worker will find it.
configure
start_daemon
stop_daemon
chown root "$TRASH/db"
check ''
is "a private folder of root's is one that the start gives to the worker" $? 0
ok "and does" start_daemon
stop_daemon
chown root "$TRASH/db"
touch "$TRASH/db/else"
check ''
is "a database that the worker cannot reach: 74" $? 74
ok "and which" grep -q "database $DB: its folder cannot be written" "$TRASH/said"
rm "$TRASH/db/else"
chown tcpquota "$TRASH/db"
check ''
is "given back, all is in order" $? 0
mkdir -m 700 "$TRASH/closed"
sed "s|^DATABASE=.*|DATABASE=$TRASH/closed/db/tcpquota.db|" "$CONF" >"$TRASH/closed.cf"
mkdir "$TRASH/closed/db"
on_gate "$BUILD/tcpquotad" -n -c "$TRASH/closed.cf" >"$TRASH/said" 2>&1
is "a folder below one that the worker cannot pass: 74" $? 74
on_gate "$BUILD/tcpquotad" -f -c "$TRASH/closed.cf" >"$TRASH/said" 2>&1
is "the start says the same" $? 74
configure LOGFILE=/nowhere/log
sed -i '0,/^LOGFILE/{/^LOGFILE/d}' "$CONF"
check ''
is "a LOGFILE without a folder: 74" $? 74
ok "and which" grep -q 'LOGFILE=/nowhere/log: cannot be written' "$TRASH/said"
done_testing
