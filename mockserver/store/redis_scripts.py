"""What Redis or Valkey does in one go, in Lua. Knows bytes and numbers, and no step.

The log is a list, and the number of the step before its first one; the number of its last one is
that and its length. Its `epoch` is when it began, or when it was seen that it is not all that it
was: whoever took steps of another epoch hears so (`lost`), and asks what is left of them. Of each
client the number of its last batch is kept: an earlier one that comes late is carried out no more.
"""

from __future__ import annotations

from hashlib import sha1

PART = 256  # steps that are told at a time


class Script(str):
    """A script, and the name that a server knows it by."""

    __slots__ = ("sha",)
    sha: str

    def __new__(cls, text: str) -> Script:
        """Name it."""
        made = super().__new__(cls, _BEFORE + text)
        made.sha = sha1(made.encode(), usedforsecurity=False).hexdigest()
        return made


# KEYS: of the log's numbers, its steps, its snapshot, this client.
_BEFORE = """
local meta, log, snapshot, client = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local function text(number) return string.format('%.0f', number) end
"""

#: The fourth key counts clients, from a number on that no earlier log came to. ARGV: form, run.
#: Returns the time, the form that it has, the epoch, the number of this client.
OPEN = Script("""
if redis.call('EXISTS', meta) == 0 then
  redis.call('DEL', log, snapshot)
  redis.call('HSET', meta, 'form', ARGV[1], 'run', ARGV[2], 'epoch', text(now()), 'base', 0,
    'saved', 0)
end
if redis.call('EXISTS', client) == 0 then redis.call('SET', client, text(now())) end
local known = redis.call('HMGET', meta, 'form', 'epoch')
return {now(), known[1], known[2], redis.call('INCR', client)}
""")

#: ARGV: epoch, number of the batch, last step that is known, deadline, steps that are appended.
#: Returns the time, what became of it, and steps of others.
TAKE = Script(f"""
local time, known = now(), redis.call('HMGET', meta, 'epoch', 'base')
if known[1] ~= ARGV[1] then return {{time, 'lost'}} end
local after, base = tonumber(ARGV[3]), tonumber(known[2])
local last = base + redis.call('LLEN', log)
if after > last then return {{time, 'lost'}} end
if after < base then return {{time, 'gone'}} end
if last - after > {PART} then
  return {{time, 'more', redis.call('LRANGE', log, after - base, after - base + {PART} - 1)}}
end
if #ARGV > 4 then
  if time > tonumber(ARGV[4]) then return {{time, 'late'}} end
  if tonumber(redis.call('GET', client) or 0) >= tonumber(ARGV[2]) then return {{time, 'late'}} end
end
local others = {{}}
if after < last then others = redis.call('LRANGE', log, after - last, -1) end
if #ARGV > 4 then
  for first = 5, #ARGV, 1000 do
    redis.call('RPUSH', log, unpack(ARGV, first, math.min(first + 999, #ARGV)))
  end
  redis.call('SET', client, ARGV[2], 'EX', 86400)
end
return {{time, 'done', others}}
""")

#: ARGV: epoch, number of the last batch, last step that is known, run, form.
#: Returns the time, what it is, epoch, whether that batch is in it, what is left of the epoch.
REACH = Script("""
local known = redis.call('HMGET', meta, 'form', 'epoch', 'base', 'run', 'saved', 'of', 'left')
if known[1] and tonumber(known[5]) > 0 and redis.call('EXISTS', snapshot) == 0 then
  redis.call('DEL', meta, log)
  known[1] = false
end
if not known[1] then return {now(), 'empty'} end
if known[1] ~= ARGV[5] then return {now(), 'form', known[1]} end
local batch, epoch, left = tonumber(ARGV[2]), known[2], known[7]
local done = tonumber(redis.call('GET', client) or 0)
if done < batch then redis.call('SET', client, text(batch) .. '.5', 'EX', 86400) end
local last = tonumber(known[3]) + redis.call('LLEN', log)
if known[4] ~= ARGV[4] or (epoch == ARGV[1] and last < tonumber(ARGV[3])) then
  known[6], left, epoch = epoch, last, text(now())
  redis.call('HSET', meta, 'run', ARGV[4], 'epoch', epoch, 'of', known[6], 'left', text(last))
end
local is_in = done == batch and 1 or 0
if epoch == ARGV[1] then return {now(), 'same', epoch, is_in} end
return {now(), 'other', epoch, is_in, known[6] == ARGV[1] and tonumber(left) or -1}
""")

#: ARGV: epoch of what is told, number of its last step, form, run. A fifth key has the snapshot.
#: Returns the time, and the epoch; none if there is something already.
SEED = Script("""
if redis.call('EXISTS', meta) == 1 then return {now()} end
redis.call('DEL', log)
redis.call('RENAME', KEYS[5], snapshot)
redis.call('PERSIST', snapshot)
redis.call('HSET', meta, 'form', ARGV[3], 'run', ARGV[4], 'epoch', text(now()), 'base', ARGV[2],
  'saved', ARGV[2], 'of', ARGV[1], 'left', ARGV[2])
return {now(), redis.call('HGET', meta, 'epoch')}
""")

#: ARGV: epoch, number. A fifth key has the snapshot. What the one before it has is let go.
REPLACE = Script("""
local known = redis.call('HMGET', meta, 'epoch', 'base', 'saved')
local number = tonumber(ARGV[2])
if known[1] ~= ARGV[1] or number <= tonumber(known[3]) then return {now(), 'late'} end
local base, saved = tonumber(known[2]), tonumber(known[3])
if saved > base then
  redis.call('LTRIM', log, saved - base, -1)
  base = saved
end
redis.call('UNLINK', snapshot)
redis.call('RENAME', KEYS[5], snapshot)
redis.call('PERSIST', snapshot)
redis.call('HSET', meta, 'base', text(base), 'saved', ARGV[2])
return {now(), 'done'}
""")

#: ARGV: epoch, first and last piece, number of the snapshot that those before are of, or -1.
#: Returns the time, number, pieces.
SNAPSHOT = Script("""
local known = redis.call('HMGET', meta, 'epoch', 'saved')
if known[1] ~= ARGV[1] then return {now(), 'lost'} end
if ARGV[4] ~= '-1' and ARGV[4] ~= known[2] then return {now(), 'gone'} end
return {now(), known[2], redis.call('LRANGE', snapshot, ARGV[2], ARGV[3])}
""")

#: Keys: the log's, and last the names of contents. ARGV: milliseconds, what a content's key begins
#: with.
TOUCH = Script("""
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[1]) end
for _, name in ipairs(redis.call('ZRANGE', KEYS[#KEYS], 0, -1)) do
  redis.call('PEXPIRE', ARGV[2] .. name, ARGV[1])
end
return {now()}
""")

#: Keys: the order of uploads by age, their sizes, their ends, the room they take; where the upload
#: is, and where it shall be. ARGV: address, size, milliseconds that it is kept, room, what an
#: upload's key begins with.
#: The oldest go, and before them those whose time is over.
KEPT = Script("""
local age, sizes, ends, taken, time = KEYS[1], KEYS[2], KEYS[3], KEYS[4], now()
local function drop(address)
  local size = redis.call('HGET', sizes, address)
  if size then redis.call('DECRBY', taken, size) end
  redis.call('HDEL', sizes, address)
  redis.call('ZREM', age, address)
  redis.call('ZREM', ends, address)
end
local over = redis.call('ZRANGEBYSCORE', ends, '-inf', text(time / 1000))
for _, address in ipairs(over) do drop(address) end
drop(ARGV[1])
redis.call('RENAME', KEYS[5], KEYS[6])
redis.call('PEXPIRE', KEYS[6], ARGV[3])
redis.call('ZADD', age, text(time), ARGV[1])
redis.call('ZADD', ends, text(time / 1000 + ARGV[3]), ARGV[1])
redis.call('HSET', sizes, ARGV[1], ARGV[2])
local now_taken = redis.call('INCRBY', taken, ARGV[2])
while now_taken > tonumber(ARGV[4]) do
  local oldest = redis.call('ZRANGE', age, 0, 0)[1]
  if not oldest then break end
  redis.call('UNLINK', ARGV[5] .. oldest)
  drop(oldest)
  now_taken = tonumber(redis.call('GET', taken))
end
return {time}
""")
