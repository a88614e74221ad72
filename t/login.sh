# Sourced by tests after lib.sh: users, an utmp and logins, none of which the machine gets to see.
#
#   own_utmp; make_users        once, before or after make_network
#   login_as alice 10.99.0.2 first openhost
#   ok "it opens" within 5 shows first 'open'
#   types first q
#   ok "it ends" within 5 status_is first 0
#
# A login is known by NAME: $TRASH/NAME.tty is what its terminal showed, NAME.in takes what is
# typed, NAME.status holds its exit status, NAME.line the name of its terminal, NAME.pid its pid,
# and NAME.err what t/login itself complained of. What is typed before there is a prompt is echoed
# before it.

# An utmp in $TRASH at /run/utmp, and none of the machine's sessions. The whole of /run is our own,
# since a place to mount on would have to be made on the machine: an empty one (without the sockets
# of name services too, that would answer instead of our passwd file), but for what the firewall and
# `ip netns` keep there.
own_utmp() (
    : >"$TRASH/utmp"
    chmod 664 "$TRASH/utmp"
    # What lies below is reached from within: at a place in $TRASH it would be removed with that.
    namespaces=
    [ ! -d /run/netns ] || { namespaces=. && cd /run/netns; } || exit 1
    mount -t tmpfs -o mode=755 tmpfs /run || exit 1
    mkdir -p /run/netns /run/systemd/sessions /run/systemd/users /run/lock
    [ -z "$namespaces" ] || mount --no-canonicalize --rbind . /run/netns || exit 1
    : >/run/xtables.lock
    : >/run/utmp
    mount --bind "$TRASH/xtables.lock" /run/xtables.lock && mount --bind "$TRASH/utmp" /run/utmp
)

# Users that only we see: alice, bob, carol and mallory (2001 to 2004), a teacher tess (2005), an
# administrator anna (2006). Each has a group of their own and a home; tess is in `teachers` (2100).
make_users() (
    users='alice bob carol mallory tess anna'
    mkdir -p "$TRASH/etc" "$TRASH/home"
    for file in passwd group shadow; do
        cp -p /etc/$file "$TRASH/etc/$file" || exit 1
        # Whom the machine has by these names or numbers is not there.
        awk -F: -v file=$file -v names="$users teachers" '
            BEGIN { split(names, list, " "); for (i in list) ours[list[i]] = 1 }
            !($1 in ours) && (file == "shadow" || !($3 >= 2001 && $3 <= 2006 || $3 == 2100))
        ' /etc/$file >"$TRASH/etc/$file"
    done
    uid=2001
    for user in $users; do
        printf '%s:x:%d:%d::%s:/bin/sh\n' $user $uid $uid "$TRASH/home/$user" >>"$TRASH/etc/passwd"
        printf '%s:x:%d:\n' $user $uid >>"$TRASH/etc/group"
        printf '%s:!:::::::\n' $user >>"$TRASH/etc/shadow"
        mkdir "$TRASH/home/$user"
        chown $uid:$uid "$TRASH/home/$user"
        uid=$((uid + 1))
    done
    printf 'teachers:x:2100:tess\n' >>"$TRASH/etc/group"
    for file in passwd group shadow; do
        mount --bind "$TRASH/etc/$file" /etc/$file || exit 1
    done
)

# start_login NAME OPTION... COMMAND...: the options are those of t/login. In the background, on the
# gateway; returns when it can be typed on, and fails if that never comes.
start_login() {
    login=$TRASH/$1
    shift
    rm -f "$login.in" "$login.tty" "$login.status" "$login.line" "$login.pid" "$login.err"
    mkfifo "$login.in"
    # Without a function between, so that the pid is that of the login.
    ip netns exec ${NS}g "$BUILD/t/login" -i "$login.in" -o "$login.tty" -e "$login.status" \
        -T "$login.line" "$@" >"$login.err" 2>&1 &
    PIDS="$PIDS $!"
    echo $! >"$login.pid"
    within 10 began "${login##*/}"
}

# login_as USER ADDRESS NAME COMMAND...: USER may be UID:NAME; ADDRESS - is the console
login_as() {
    login_user=$1
    login_address=${2#-}
    login=$3
    shift 3
    start_login "$login" -u "$login_user" ${login_address:+-r "$login_address"} "$@"
}

began() { [ -s "$TRASH/$1.line" ] || { cat "$TRASH/$1.err"; return 1; }; }
login_pid() { cat "$TRASH/$1.pid"; }

# types NAME TEXT: and presses Enter. It never waits, and does not say whether it was read.
types() { printf '%s\n' "$2" 1<>"$TRASH/$1.in"; }

# presses NAME KEYS: with the escapes of printf: '\003' is ^C
presses() { printf '%b' "$2" 1<>"$TRASH/$1.in"; }

# screen NAME: what was shown so far, as lines of text. What begins a line anew, a carriage return
# or a move of the cursor, begins a line here; other escape sequences (ECMA-48 5.4, and the titles
# of xterm) and control characters are left out.
screen() (
    escape=$(printf '\033')
    bell=$(printf '\007')
    tr '\r' '\n' <"$TRASH/$1.tty" |
        LC_ALL=C sed -e "s/$escape\\][^$bell$escape]*\\($bell\\|$escape\\\\\\)//g" \
            -e "s/$escape\\[[0-9;]*[Hfd]/\\n/g" \
            -e "s|$escape\\[[0-?]*[ -/]*[@-~]||g" \
            -e "s|$escape[ -/]*[0-~]||g" |
        tr -d '\000-\010\013-\037\177'
)

# shows NAME PATTERN: by now, on a line of its screen
shows() {
    screen "$1" | grep -e "$2" || { screen "$1"; echo; return 1; }
}

ended() { [ -s "$TRASH/$1.status" ]; }

# status_is NAME N
status_is() {
    same "$(cat "$TRASH/$1.status" 2>/dev/null)" "$2"
}

# hang_up NAME: the connection is lost; returns when its login is gone
hang_up() {
    kill -HUP "$(login_pid "$1")" && within 10 daemon_is_gone "$(login_pid "$1")"
}

# recorded FIELD...: these fields (type pid id user line host address) of every record in the utmp
recorded() {
    utmpdump "$TRASH/utmp" 2>/dev/null | awk -v fields="$*" '
        {
            count = split("type pid id user line host address", names, " ")
            split($0, part, /\] *\[|^\[/)
            for (i = 1; i <= count; i++) {
                gsub(/^ +| +$/, "", part[i + 1])
                if (names[i] == "pid")
                    sub(/^0+/, "", part[i + 1])
                value[names[i]] = part[i + 1] == "" ? "-" : part[i + 1]
            }
            count = split(fields, wanted, " ")
            for (i = 1; i <= count; i++)
                printf "%s%s", value[wanted[i]], i < count ? " " : "\n"
        }'
}
