"""From the commit of an address to a connection that passes: run on the host, with the database.

admit.py DATABASE HOST ADDRESS PORT ROUNDS  prints the milliseconds of each round.
"""
import socket
import sqlite3
import sys
import time

database, host, address, port, rounds = sys.argv[1:]
db = sqlite3.connect(database, timeout=10, isolation_level=None)


def connects():
    with socket.socket() as s:
        s.settimeout(0.3)
        try:
            s.connect((address, int(port)))
            return True
        except OSError:
            return False


for _ in range(int(rounds)):
    db.execute("DELETE FROM validipaddress WHERE hostAddress = ?", (host,))
    if connects():
        sys.exit("admit: it connects without being in a list")
    db.execute("INSERT INTO validipaddress VALUES (1, ?)", (host,))
    begin = time.monotonic()
    if not connects():
        sys.exit("admit: it does not connect at once")
    print(round((time.monotonic() - begin) * 1000, 2))
