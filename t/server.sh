# Sourced by t/server*.t and t/relay*.t: servers on the gateway, clients on loopback there and on the
# hosts.

TALK=$BUILD/t/talk
SERVER=$BUILD/tcpquota-server
SAID=$TRASH/said

# A network of one gateway, quicker than make_network: with more addresses on its loopback.
make_gateway() {
    ip netns add ${NS}g
    ip -n ${NS}g link set lo up
    for address in 5.6.7.8 1.2.3.4 1.2.3.5 1.2.3.6 1.2.3.7 1.2.3.8 1.2.4.4 9.9.9.9 8.8.8.8 192.168.1.1; do
        ip -n ${NS}g addr add $address/32 dev lo
    done
    ip -n ${NS}g -6 addr add fd99::9/128 dev lo nodad
    ip -n ${NS}g -6 addr add fd99::10/128 dev lo nodad
}

# make_database LINE...: an empty one, and a configuration with these lines
make_database() {
    configure "$@"
    start_daemon && stop_daemon
}

# serve OPTION... : a front door in the background, its lines in $SAID; returns once it listens. Its
# port is $DOOR, its pid $SERVER_PID.
serve() {
    : >"$SAID"
    : >"$TRASH/door"
    ip netns exec ${NS}g "$@" >"$TRASH/door" 2>"$SAID" &
    SERVER_PID=$!
    PIDS="$PIDS $SERVER_PID"
    within 20 test -s "$TRASH/door"
    DOOR=$(head -1 "$TRASH/door")
}

# door OPTION... -- PROGRAM...: a front door on a port of its own choice on every address
door() {
    options=
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    shift
    # shellcheck disable=SC2086
    serve "$SERVER" -1 -v -H -R -l gate $options 0 0 "$@"
}

# stop_server [-SIGNAL]: returns when it has ended; its exit code is in $SERVER_CODE
stop_server() {
    kill "${1:--TERM}" $SERVER_PID 2>/dev/null
    within 20 daemon_is_gone $SERVER_PID
    wait $SERVER_PID 2>/dev/null
    SERVER_CODE=$?
}

# talk [OPTION...] ADDRESS [TEXT]: to the front door; the rest is in t/helper/talk.c
talk() {
    talk_options=
    while [ "${1#-}" != "$1" ]; do
        case $1 in
        -k) talk_options="$talk_options -k" ;;
        *)
            talk_options="$talk_options $1 $2"
            shift
            ;;
        esac
        shift
    done
    address=$1
    shift
    # shellcheck disable=SC2086
    timeout 60 ip netns exec ${NS}g "$TALK" $talk_options $address $DOOR "$@"
}

# holds FROM [ADDRESS]: a client that stays, in the background; returns once it has been greeted
holds() {
    : >"$TRASH/held"
    ip netns exec ${NS}g "$TALK" -k -f "$1" "${2:-127.0.0.1}" $DOOR >"$TRASH/held" 2>&1 &
    HELD=$!
    PIDS="$PIDS $HELD"
    within 20 test -s "$TRASH/held"
}

said() { grep -q -- "$1" "$SAID"; }
says() { within 20 said "$1"; }
# code_of COMMAND...: its exit code
code_of() {
    "$@" >"$TRASH/out_of" 2>&1
    echo $?
}
