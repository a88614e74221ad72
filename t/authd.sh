# Sourced after lib.sh by the tests of tcpquota-authd: a network with servers on the gateway, at 7001
# and 7002, and a daemon with the configuration that a test gives it.

make_network
AUTHD=$BUILD/tcpquota-authd
FIFO=$TRASH/fifo
OUT=$TRASH/authd.out
LOG=$OUT
background on_gate "$BUILD/t/traffic" serve 7001
background on_gate "$BUILD/t/traffic" serve 7002
within 5 on_gate "$BUILD/t/traffic" probe tcp 127.0.0.1 7001

# auth LINE...: a configuration whose [auth] has these lines, and [cache] those that follow `cache`
auth() {
    configure
    {
        echo "[auth]"
        echo "pidfile=$TRASH/authd.pid"
        echo "logfile=$TRASH/authd.log"
        for line; do
            if [ "$line" = cache ]; then printf '[cache]\nenabled=yes\n'; else echo "$line"; fi
        done
    } >>"$CONF"
}
authd_pid() { cat "$TRASH/authd.pid" 2>/dev/null; }
# start_authd OPTION...: returns once connections are asked for
start_authd() {
    : >"$OUT"
    on_gate "$AUTHD" -c "$CONF" -i "$FIFO" "$@" >>"$OUT" 2>&1 &
    PIDS="$PIDS $!"
    within 20 asks
}
asks() { grep -q "NOTICE. start version" "$OUT"; }
stop_authd() {
    pid=$(authd_pid) || return 0
    [ -n "$pid" ] && kill "${1:--TERM}" "$pid" && within 10 daemon_is_gone "$pid"
}
# with LINE...: a daemon of this configuration
with() {
    stop_authd
    auth "$@"
    start_authd
}
# A packet is on its way before its line is written: what is told after all lines is waited for.
lines_are_written() {
    told=$(grep -ac 'NOTICE. database' "$OUT")
    kill -USR1 "$(authd_pid)" && within 10 eval '[ "$(grep -ac "NOTICE. database" "$OUT")" -gt '$told' ]'
}
hits() { lines_are_written; grep -ac 'CACHE HIT' "$OUT"; }
packets() { lines_are_written; grep -ac '\[PACKET\]' "$OUT"; }
packets_are() { same "$(packets)" "$1"; }
says() { grep -aq -- "$1" "$OUT"; }
# connects HOST [ADDRESS [PORT]]: a TCP connection to the gateway
connects() { $1 "$BUILD/t/traffic" probe tcp ${2:-10.99.0.1} ${3:-7001}; }
list() { db "INSERT INTO validipaddress VALUES (${2:-1}, '$1')"; }
unlist() { db "DELETE FROM validipaddress WHERE hostAddress = '$1'"; }
answers() { lines_are_written; same "$(grep -a '\[PACKET\]' "$OUT" | sed 's/.*=> *//' | tail -${2:-1} | paste -sd,)" "$1"; }
