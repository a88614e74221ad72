#!/bin/sh
# tcpquota-server: names from the DNS and from identd, and rules that ask for them.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/server.sh"

make_gateway
# A DNS of our own, and an identd, in the namespace; resolv.conf in mounts of our own names it.
cat >"$TRASH/dns.py" <<'END'
import socket, struct, threading, time
names = {'1.0.0.127.in-addr.arpa': 'gate.example.org', '8.7.6.5.in-addr.arpa': 'pc1.example.org',
         '4.3.2.1.in-addr.arpa': 'liar.example.org', '9.9.9.9.in-addr.arpa': 'bad name\n: pid 1 from.example.org'}
addresses = {'pc1.example.org': '5.6.7.8', 'liar.example.org': '9.9.9.9', 'gate.example.org': '127.0.0.1'}
def parts(name): return b''.join(bytes([len(p)]) + p.encode() for p in name.split('.')) + b'\0'
def dns():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', 53))
    while True:
        q, who = s.recvfrom(512)
        at, labels = 12, []
        while q[at]:
            labels.append(q[at + 1:at + 1 + q[at]].decode()); at += q[at] + 1
        name, kind = '.'.join(labels).lower(), struct.unpack('>H', q[at + 1:at + 3])[0]
        data = parts(names[name]) if kind == 12 and name in names else \
            socket.inet_aton(addresses[name]) if kind == 1 and name in addresses else None
        head = q[:2] + struct.pack('>HHHHH', 0x8580 | (0 if data else 3), 1, 1 if data else 0, 0, 0)
        s.sendto(head + q[12:at + 5] + (b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, 60, len(data)) + data if data else b''), who)
def ident():
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 113)); s.listen(50)
    while True:
        c, who = s.accept()
        if who[0] == '1.2.4.4': hold.append(c); continue # never answers
        ports = c.recv(200).decode().strip()
        c.sendall(('%s : USERID : UNIX : joe\r\n' % ports).encode()); c.close()
hold = []
threading.Thread(target=ident, daemon=True).start()
dns()
END
echo 'nameserver 127.0.0.1' >"$TRASH/resolv.conf"
mount --bind "$TRASH/resolv.conf" /etc/resolv.conf
ip netns exec ${NS}g timeout 600 python3 "$TRASH/dns.py" >/dev/null 2>&1 &
PIDS="$PIDS $!"
within 20 ip netns exec ${NS}g "$TALK" 127.0.0.1 113 '1 , 2'

rules() { for line; do echo "$line"; done >"$TRASH/rules.new"; mv "$TRASH/rules.new" "$TRASH/rules"; }
named() { serve env TCPREMOTEHOST=nonsense "$SERVER" -1 -v -x "$TRASH/rules" "$@" 0 0 env; }
has() { talk -f "$1" "$1" | grep -qx -- "$2"; }
has_no() { talk -f "$1" "$1" >"$TRASH/env"; grep -q ^PROTO=TCP "$TRASH/env" && ! grep -q "^$2=" "$TRASH/env"; }

rules ':allow'
named -R
ok "TCPREMOTEHOST" has 5.6.7.8 TCPREMOTEHOST=pc1.example.org
ok "TCPLOCALHOST" eval 'talk 127.0.0.1 | grep -qx TCPLOCALHOST=gate.example.org'
ok "both are in the line" says "ok [0-9]* gate.example.org:127.0.0.1:$DOOR gate.example.org:127.0.0.1::"
ok "a name that is none" has_no 8.8.8.8 TCPREMOTEHOST
ok "without -p a name that has another address" has 1.2.3.4 TCPREMOTEHOST=liar.example.org
ok "a name with blanks and ends of lines is none" has_no 9.9.9.9 TCPREMOTEHOST
ok "and forges no line" eval 'says "ok [0-9]* .*:9.9.9.9::" && ! said "^: pid 1"'
stop_server
named -R -p
ok "-p: a name with that address" has 5.6.7.8 TCPREMOTEHOST=pc1.example.org
ok "one with another" has_no 1.2.3.4 TCPREMOTEHOST
stop_server
named -R -H -l me
ok "-H" has_no 5.6.7.8 TCPREMOTEHOST
ok "-l" has 5.6.7.8 TCPLOCALHOST=me
stop_server
named -H -l me
ok "TCPREMOTEINFO" has 5.6.7.8 TCPREMOTEINFO=joe
stop_server
named -H -l me -t 1
ok "-t: given up" has_no 1.2.4.4 TCPREMOTEINFO
ok "holding a place meanwhile" said 'status: 1/40'
stop_server
named -H -R -l me
ok "-R" has_no 5.6.7.8 TCPREMOTEINFO
stop_server

rules '=pc1.example.org:allow,A="name"' 'joe@127.0.0.1:deny' '=.example.org:allow,A="domain"' ':deny'
named -p
ok "a rule by name" has 5.6.7.8 A=name
ok "one of a liar" eval '[ -z "$(talk -f 1.2.3.4 1.2.3.4)" ]'
ok "is denied by the rule for everyone" says "deny [0-9]* .*:1.2.3.4:joe:"
ok "by who it is" eval '[ -z "$(talk -f 127.0.0.1 127.0.0.1)" ]'
stop_server
named -H -R -l me
ok "where names are not looked up, rules by name hold for nobody: the others do" eval '[ -z "$(talk -f 5.6.7.8 5.6.7.8)" ] && says "deny "'
ok "and no place is held in the end" says 'status: 0/40'
stop_server
done_testing
