#!/bin/sh
# tcpquota-server as a relay: its configuration, in both forms, and its command line.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/server.sh"

make_gateway
RELAY=$TRASH/tcprelay
ln -s "$SERVER" "$RELAY"
cert() { openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$TRASH/$1.key" -out "$TRASH/$1.crt" 2>/dev/null; }
cert one
cert two
cat "$TRASH/one.crt" "$TRASH/one.key" >"$TRASH/both.pem"
openssl rsa -aes128 -passout pass:12345 -in "$TRASH/one.key" -out "$TRASH/locked.key" 2>/dev/null
cat "$TRASH/one.crt" "$TRASH/locked.key" >"$TRASH/sample.pem"

# parses TEXT [OPTION...]: the exit code of -P
parses() {
    printf '%s\n' "$1" >"$TRASH/relay.cfg"
    shift
    code_of "$RELAY" -P "$@" "$TRASH/relay.cfg"
}
good() { is "$1" "$(parses "$2")" 0; }
# bad DESCRIPTION TEXT WHAT-IS-TOLD
bad() {
    is "$1" "$(parses "$2")" 78
    ok "it says: $3" grep -qF -- "$3" "$TRASH/out_of"
}
REMOTE='id = tcprelay { remote = { address = 127.0.0.1 port = 22 } }'
LISTEN='id = spawnd { listen = { port = 2222 } }'

# The sample of the manual as it stands, but for where its certificate is.
sample() {
    cat <<END
#!/usr/local/sbin/spawnd
id = spawnd {
    listen = { port = 2222 }
    listen = { address = ::0 port = 2222 }
    listen = { ::0 port = 2224 }
    listen = { port = 2225 tls = yes }
    spawn {
        users max = 4000
        users min = 10
        servers min = 1
        servers max = 20
    }
}

id = tcprelay {
        remote = { address = 169.254.1.2 port = 22 }
        ssl cert = $TRASH/sample.pem
        ssl passphrase =  12345
}
END
}
good "the sample of the manual" "$(sample)"
good "the shortest" "$LISTEN $REMOTE"
good "sections in another order, comments" "# a comment
$REMOTE # another
setenv A = b
$LISTEN"
good "everything" "setenv IO_POLL_MECHANISM = 4
id = spawnd {
  background = no  pidfile = $TRASH/pid  single process = yes
  listen { address = 127.0.0.1 port = smtp protocol = TCP tls = no backlog = 10 }
  spawn = { exec = /usr/local/libexec/tcprelay users min = 1 users max = 2 instances min = 1 instances max = 2 }
  syslog ident = relay syslog severity = DEBUG syslog facility = LOCAL0
}
id = tcprelay {
  remote = { address = ::1 port = 22 protocol = tcp weight = 3 }
  remote = { address = \"127.0.0.1\" port = 22 weight = 0 }
  local address = 127.0.0.1  rebalance = 100  retire = 1000  retire limit = 5  idle timeout = 60
  connect timeout = 3  check interval = 0  proxy protocol = yes
  tls cert-file = $TRASH/one.crt  tls key-file = $TRASH/one.key
  syslog level = WARNING
}
id = other { nonsense { } of = others }"
good "certificate and key in one file" "id = spawnd { listen = { port = 2222 tls = yes } } id = tcprelay { remote = { address = 127.0.0.1 port = 22 } tls certfile = $TRASH/both.pem }"

bad "no listen" "id = spawnd { } $REMOTE" 'there is no listen'
bad "no remote" "$LISTEN id = tcprelay { }" 'there is no remote'
bad "no section of the relay" "$LISTEN" 'there is no section id = tcprelay'
bad "a word nobody knows" "$LISTEN
id = tcprelay { remote = { address = 127.0.0.1 port = 22 }
  speed = 9 }" "relay.cfg:3: \`speed' stands where remote"
bad "no address" "id = spawnd { listen = { address = pc1 port = 1 } } $REMOTE" "relay.cfg:1: \`pc1' stands where an address"
bad "no port" "id = spawnd { listen = { port = 70000 } } $REMOTE" "\`70000' stands where a port"
bad "a listen without a port" "id = spawnd { listen = { address = 127.0.0.1 } } $REMOTE" 'a listen without a port'
bad "a remote without an address" "$LISTEN id = tcprelay { remote = { port = 22 } }" 'a remote needs an address and a port'
bad "a protocol nobody knows" "$LISTEN id = tcprelay { remote = { address = 127.0.0.1 port = 22 protocol = UDP } }" 'TCP or SCTP'
bad "no number" "$LISTEN id = tcprelay { idle timeout = soon }" "\`soon' stands where a whole number"
bad "no facility" "$LISTEN id = tcprelay { syslog facility = nobody }" 'a facility of syslog(3)'
bad "users min above max" "id = spawnd { listen = { port = 1 } spawn = { users min = 9 users max = 3 } } $REMOTE" 'users min is above users max'
bad "one place with tls and without" "id = spawnd { listen = { port = 5 tls = yes } listen = { address = ::1 port = 5 } } id = tcprelay { remote = { address = 127.0.0.1 port = 22 } tls certfile = $TRASH/both.pem }" 'with tls and without'
bad "an end too early" "id = spawnd { listen = { port = 2222" 'ends where } is expected'
bad "no value" "$LISTEN id = tcprelay { rebalance = }" "\`}' stands where a value"
bad "a quote without an end" "$LISTEN id = tcprelay { tls certfile = \"x }" 'relay.cfg:1: a quote has no end'
bad "MAVIS" "mavis module = external { } $LISTEN $REMOTE" "\`mavis' is not done here"
bad "MAVIS in a section" "$LISTEN id = tcprelay { mavis path = /x }" "\`mavis' is not done here"
bad "include" "include = /etc/other $LISTEN $REMOTE" "\`include' is not done here"
bad "an ACL" "id = spawnd { listen = { port = 1 } permit 127.0.0.1/8 } $REMOTE" 'rules stand in tcpserver_scope'
bad "a program of others" "id = spawnd { listen = { port = 1 } spawn = { exec = /bin/sh } } $REMOTE" 'other programs are not started'
for mechanism in 1:kqueue 2:/dev/poll 32:port; do
    bad "IO_POLL_MECHANISM=${mechanism%:*}" "setenv IO_POLL_MECHANISM = ${mechanism%:*} $LISTEN $REMOTE" "is ${mechanism#*:}, which Linux"
done
bad "one that is none" "setenv IO_POLL_MECHANISM = 3 $LISTEN $REMOTE" 'is none of 4 (epoll)'
is "the same from the environment" "$(IO_POLL_MECHANISM=1 code_of "$RELAY" -P "$TRASH/relay.cfg")" 78
is "all faults are told" "$(parses "id = spawnd { listen = { port = 0 } }
id = tcprelay { rebalance = x
  idle timeout = y }"; grep -c 'relay.cfg:' "$TRASH/out_of")" "78
3"

# Certificates
tls() { echo "id = spawnd { listen = { port = 2225 tls = yes } } id = tcprelay { remote = { address = 127.0.0.1 port = 22 } $1 }"; }
bad "tls without a certificate" "$(tls '')" 'a listen with tls, and no certificate'
bad "one that is not there" "$(tls "tls certfile = $TRASH/none.crt")" "none.crt: no certificate: No such file"
bad "one that is none" "$(tls "tls certfile = $TRASH/relay.cfg")" 'relay.cfg: no certificate'
bad "no key" "$(tls "tls certfile = $TRASH/one.crt")" 'one.crt: no key that can be read'
bad "the key of another one" "$(tls "tls certfile = $TRASH/one.crt tls keyfile = $TRASH/two.key")" 'two.key: no key'
bad "a wrong passphrase" "$(tls "tls certfile = $TRASH/sample.pem tls passphrase = 1")" 'sample.pem: no key that can be read'
bad "none where one is needed: nobody is asked" "$(tls "tls certfile = $TRASH/sample.pem")" 'sample.pem: no key that can be read'

# Sections by other names
good "the section that spawn names" "id = spawnd { listen = { port = 1 } spawn = { id = mine } } id = mine { remote = { address = 127.0.0.1 port = 22 } }"
is "-i" "$(parses "$LISTEN id = mine { remote = { address = 127.0.0.1 port = 22 } }" -i mine)" 0
printf 'id = second { listen = { port = 1 } } %s' "$REMOTE" >"$TRASH/relay.cfg"
is "the last argument" "$(code_of "$RELAY" -P "$TRASH/relay.cfg" second)" 0
is "one that is not there" "$(code_of "$RELAY" -P "$TRASH/relay.cfg" third)" 78

# The command line
is "no file" "$(code_of "$RELAY")" 64
is "a URL" "$(code_of "$RELAY" -P https://example.org/relay.cfg)" 64
ok "is named" grep -q 'https://example.org/relay.cfg' "$TRASH/out_of"
is "a file that is not there" "$(code_of "$RELAY" -P "$TRASH/none.cfg")" 66
is "-d without a number" "$(code_of "$RELAY" -d x "$TRASH/relay.cfg")" 64
is "--relay FILE, with a /" "$(code_of "$SERVER" --relay "$TRASH/relay.cfg" -P second)" 0
is "--help" "$(code_of "$SERVER" --relay x --help)" 0

# [relay:NAME]
section() { configure "" "[relay:Mail]" "$@"; }
given() { code_of "$SERVER" --relay mail --config "$CONF" -P; }
section 'listen=2525 [::1]:2526,tls 127.0.0.1:2527,backlog=9' 'remote=10.0.0.1:25,weight=3 [fd99::1]:25' \
    'users-max=100' 'servers-max=3' 'idle-timeout=60' 'rebalance=10' 'retire=100' 'local-address=127.0.0.1' \
    "tls-certfile=$TRASH/sample.pem" 'tls-passphrase=12345' 'proxy-protocol=yes' 'syslog-ident=mail' \
    'syslog-level=notice' 'syslog-facility=mail' 'connect-timeout=2' 'check-interval=0' 'service=smtp'
is "a section with all keys" "$(given)" 0
section 'listen=2525'
is "without a remote: they may stand in the table" "$(given)" 0
wrong() {
    section 'listen=2525' "$1"
    is "$1" "$(given)" 78
    ok "with file, line, key: $2" grep -qE "tcpquota.cf:[0-9]+: .relay:mail. $2" "$TRASH/out_of"
}
wrong 'remote=pc1:25' "remote: .pc1:25. is not"
wrong 'remote=10.0.0.1' "remote: "
wrong 'remote=*:25' "remote: "
wrong 'remote=fd99::1:25' "remote: .*brackets"
wrong 'remote=10.0.0.1:25,heavy' "remote: "
wrong 'remote=10.0.0.1:25,weight=0' "remote: "
wrong 'users-max=0' "users-max: "
wrong 'speed=9' "speed: no such key"
is "a section that is not there" "$(code_of "$SERVER" --relay web --config "$CONF" -P)" 78
done_testing
