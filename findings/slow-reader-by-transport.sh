#!/usr/bin/env bash
# While a client reads more than a megabyte of an answer, get_write_buffer_size() of the server's transport stays the
# same to the byte, in asyncio and uvloop: Linux asks for more once a third of its own buffer is free again.
# Packages: uvloop==0.23.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   asyncio:
#     the transport's figure stands still while the client reads more than a megabyte: True
#     with TIOCOUTQ added, it moves at least each 256 KiB: True
#   uvloop:
#     the transport's figure stands still while the client reads more than a megabyte: True
#     with TIOCOUTQ added, it moves at least each 256 KiB: True
# Matters: a server that gives a slow client up when nothing has left the transport for some seconds breaks honest
# downloads: at 100 KB/s it sees nothing move for over ten. What the kernel has not had acknowledged yet has to be
# counted too. (With Linux's usual 4 MiB at the end of net.ipv4.tcp_wmem.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet uvloop==0.23.0
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import array, asyncio, fcntl, socket, termios
import uvloop

PIECE = 16 * 1024
MEBIBYTE = 1024 * 1024

def unacknowledged(connection):
    size = array.array("i", [0])
    fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, size)
    return size[0]

def longest_standstill(figures):
    """How many bytes the client read while nothing moved."""
    longest = same = 0
    for before, after in zip(figures, figures[1:]):
        same = same + PIECE if before == after else 0
        longest = max(longest, same)
    return longest

async def look():
    loop = asyncio.get_running_loop()
    accepted = loop.create_future()
    server = await asyncio.start_server(lambda _, writer: accepted.set_result(writer), "127.0.0.1", 0)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    client.setblocking(False)
    await loop.sock_connect(client, server.sockets[0].getsockname())
    writer = await accepted
    writer.write(bytes(16 * MEBIBYTE))
    await asyncio.sleep(0.5)
    transport, both = [], []
    for _ in range(5 * MEBIBYTE // PIECE):
        left = PIECE
        while left:
            left -= len(await loop.sock_recv(client, left))
        await asyncio.sleep(0.005)
        transport.append(writer.transport.get_write_buffer_size())
        both.append(transport[-1] + unacknowledged(writer.get_extra_info("socket")))
    still = longest_standstill(transport) > MEBIBYTE
    print(f"  the transport's figure stands still while the client reads more than a megabyte: {still}")
    moves = longest_standstill(both) < MEBIBYTE // 4
    print(f"  with TIOCOUTQ added, it moves at least each 256 KiB: {moves}")
    writer.transport.abort()
    client.close()
    server.close()

for name, run in {"asyncio": asyncio.run, "uvloop": uvloop.run}.items():
    print(f"{name}:")
    run(look())
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
