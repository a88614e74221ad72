"""From the commit of a 2 to traffic passing: run on the host, with the gateway's database.

latency.py DATABASE HOST ADDRESS PORT ROUNDS  prints the milliseconds of each round.
"""
import socket
import sqlite3
import sys
import time

database, host, address, port, rounds = sys.argv[1:]
db = sqlite3.connect(database, timeout=10, isolation_level=None)


def reaches():
    with socket.socket() as s:
        s.settimeout(1)
        try:
            s.connect((address, int(port)))
            return True
        except OSError:
            return False


def order(value):
    db.execute("UPDATE masq SET open = ? WHERE host = ?", (value, host))


def wait(condition):
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            sys.exit("latency: nothing happened within 20 seconds")
        time.sleep(0.0002)


for _ in range(int(rounds)):
    order(3)
    wait(lambda: db.execute("SELECT open FROM masq WHERE host = ?", (host,)).fetchone()[0] == 0)
    time.sleep(0.05)
    order(2)
    begin = time.monotonic()
    wait(reaches)
    print(round((time.monotonic() - begin) * 1000, 2))
