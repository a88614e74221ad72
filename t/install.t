#!/bin/sh
# make install and uninstall; the sysv script; the weekly script.
. "$(dirname "$0")/lib.sh"

root=$TRASH/root
is_asan() { ldd "$BUILD/tcpquotad" | grep -q libasan; }
make_it() { make -s -C "$TOP" $(is_asan && echo SANITIZE=1) "$1" DESTDIR="$root" PREFIX=/usr; }
ok "make install" make_it install
for file in /usr/sbin/tcpquotad /usr/sbin/tcpquota-authd /usr/lib/systemd/system/tcpquota-authd.service /usr/bin/tcpquota-server /usr/lib/systemd/system/tcpquota-server@.service /usr/lib/systemd/system/tcpquota-relay@.service /usr/share/man/man8/tcpquota-server.8 /usr/bin/openhost /usr/bin/openfw /usr/bin/tcpquota /etc/tcpquota/tcpquota.cf /etc/tcpquota/tcpquota.cf.debug /etc/tcpquota/tcpquota.greet.svenska /usr/share/bash-completion/completions/openfw \
    /usr/share/locale/sv/LC_MESSAGES/tcpquota.mo /etc/init.d/tcpquota \
    /etc/cron.weekly/tcpquota /usr/lib/systemd/system/tcpquota.service /usr/lib/modules-load.d/tcpquota.conf \
    /usr/lib/sysusers.d/tcpquota.conf /usr/lib/tmpfiles.d/tcpquota.conf /usr/share/tcpquota/schema/0001-base.sql /usr/share/tcpquota/schema/0002-access.sql /usr/share/tcpquota/schema/0003-server.sql \
    /usr/share/man/man8/tcpquotad.8 /usr/share/man/man8/tcpquota-authd.8 /usr/share/man/man8/openfw.8 /usr/share/man/man1/openhost.1 \
    /usr/share/man/man1/tcpquota.1 /usr/share/man/man5/tcpquota.cf.5 /usr/share/man/man5/tcpquota-schema.5; do
    ok "there is $file" test -s "$root$file"
done
for program in openhost openfw tcpquota tcpquota-server; do
    ok "everybody may run $program" setpriv --reuid nobody --clear-groups "$root/usr/bin/$program" --version
done
for language in "$TOP"/po/*.po; do
    [ -e "$language" ] || continue
    language=$(basename "$language" .po)
    ok "there is the catalogue of $language" test -s "$root/usr/share/locale/$language/LC_MESSAGES/tcpquota.mo"
done
ok "nothing is setuid or setgid" same "$(find "$root" -perm /6000 | wc -l)" 0
ok "the unit knows where the daemon is" grep -q '^ExecStart=/usr/sbin/tcpquotad' "$root/usr/lib/systemd/system/tcpquota.service"
for capability in NET_ADMIN NET_RAW KILL SETUID SETGID SETPCAP SYS_PTRACE DAC_READ_SEARCH; do
    ok "the unit leaves the keeper CAP_$capability" grep -q "^CapabilityBoundingSet=.*CAP_$capability\b" "$root/usr/lib/systemd/system/tcpquota.service"
done
for unit in server relay; do
    ok "the unit tcpquota-$unit@ knows where it is" grep -q '^ExecStart=/usr/bin/tcpquota-server' "$root/usr/lib/systemd/system/tcpquota-$unit@.service"
done
for name in tcpserver tcprelay; do
    is "$name is a name of it" "$(readlink "$root/usr/lib/tcpquota/$name")" /usr/bin/tcpquota-server
done
ok "the unit of authd knows where it is" grep -q '^ExecStart=/usr/sbin/tcpquota-authd' "$root/usr/lib/systemd/system/tcpquota-authd.service"
ok "and cleans up after one that was killed" grep -q '^ExecStopPost=.*/usr/sbin/tcpquotad --clean' "$root/usr/lib/systemd/system/tcpquota.service"
echo '# mine' >>"$root/etc/tcpquota/tcpquota.cf"
ok "a second install" make_it install
ok "leaves the configuration alone" grep -q '# mine' "$root/etc/tcpquota/tcpquota.cf"

# A fresh machine: --check asks for LOCALNET alone, and is green once that line is filled in.
make_network
installed=$root/etc/tcpquota/tcpquota.cf
check() { on_gate "$root/usr/sbin/tcpquotad" --check -c "$1" >"$TRASH/said" 2>&1; }
check "$installed"
is "--check on a fresh machine: 78" $? 78
is "it asks for LOCALNET alone" "$(grep -c "$installed" "$TRASH/said")|$(grep -c 'LOCALNET: is required' "$TRASH/said")" '1|1'
line=$(sed -n 's/\t.*lan0.*//p' "$TRASH/said" | head -1)
ok "and lists candidates to paste" eval 'echo "$line" | grep -q ^LOCALNET=10.99.0.0/24'
echo "$line" >>"$installed"
ok "with that line filled in it is green" check "$installed"

# The sysv script, on a configuration of the test's own.
configure
script() { on_gate env DAEMON="$root/usr/sbin/tcpquotad" CONFIG="$CONF" sh "$root/etc/init.d/tcpquota" "$@"; }
script status >/dev/null
is "status: 3 while it does not run" $? 3
ok "start" script start
ok "status" script status
ok "start again does nothing" script start
allow alice 1000
order 10.99.0.2 alice
within 5 is_open 10.99.0.2
download dl tcp 192.0.2.2
within 10 arrives tcp 192.0.2.2
pid=$(daemon_pid)
ok "restart" script restart
ok "it is another process" not same "$pid" "$(daemon_pid)"
sleep 1
ok "restart keeps open hosts open: the download goes on" not is_over dl
ok "force-reload" script force-reload
ok "is a reload" within 5 logged 'notice reload'
sed -i 's/^PERIOD=.*/PERIOD=none/' "$CONF"
ok "restart with a broken configuration is refused" not script restart
ok "and nobody is stopped" kill -0 "$(daemon_pid)"
configure
rotate() { LOGFILE=$LOG PIDFILE=$TRASH/pid AUTHD_LOGFILE=$TRASH/authd.log AUTHD_PIDFILE=$TRASH/authd.pid sh "$root/etc/cron.weekly/tcpquota"; }
echo line >"$TRASH/authd.log"
ok "the weekly script" rotate
ok "has turned the log over" test -s "$LOG.1.gz"
ok "and that of tcpquota-authd" test -s "$TRASH/authd.log.1.gz"
kill -USR1 "$(daemon_pid)"
ok "and the daemon writes to the new one" within 5 logged 'debug on'
ok "the download still goes on" not is_over dl
rotate
ok "a second week" test -s "$LOG.2.gz"
ok "stop" script stop
ok "cleans" same "$(on_gate iptables-legacy-save | grep -c TCPQUOTA)" 0
ok "and cuts" within 5 is_over dl
ok "make uninstall" make_it uninstall
is "leaves the configuration alone" "$(cd "$root" && find . -type f | sort | tr '\n' ' ')" "./etc/tcpquota/tcpquota.cf ./etc/tcpquota/tcpquota.cf.debug ./etc/tcpquota/tcpquota.greet.english ./etc/tcpquota/tcpquota.greet.svenska ./etc/tcpquota/tcpquota.info.english ./etc/tcpquota/tcpquota.info.svenska "
done_testing
