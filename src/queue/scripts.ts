// Lua scripts: everything that must happen in Redis as a whole or not at all. Times are Redis's own: the clocks of two
// machines are never compared.
//
// A run is a hash `run:ID` (its request and state) and a stream `events:ID` (what readers see). `live` has all unfinished
// runs by the time when a sweep must look at them: a waiting run when its wait ends, a running one when its lease does.
// Every end goes through `finish`, which ends a run once.
//
// A run is `sync` if its client waits for the answer, else `async`. Each kind has a queue of its own before the workers:
// `line:KIND` has the owner of each run in it, `line:by:KIND` the number of each client's. `owner:NAME` has a client's
// unfinished runs, `awaited:NAME` the synchronous ones of these. `parked:NAME` has those that may not be in the queue yet,
// because `limit:NAME` of the client's runs are in it or run: the synchronous ones first, each kind in order.
//
// The memory that runs take is estimated: `bytes:KIND` for unfinished runs, `bytes:by:KIND` for each client's. AUDIT
// counts bytes and queues anew while there are few, so that a lost run is not counted for ever. Finished runs are `kept`
// until their time is over, or the memory is needed (`max-bytes`: half of it is for them, a quarter for each kind of
// unfinished runs), or the waiting client has the end. `kept:size` has the size and the owner of each, `kept:bytes` the
// sum. Asynchronous runs whose end a server has handled may be removed: `kept:NAME` has a client's, the oldest first,
// `kept:by` the sum of each client's. All others must stay: `pinned:bytes` is their sum.
//
// When a worker takes a run, the largest result that it may have is `reserved`, and given back at its end;
// `reserved:bytes` is the sum. So every result can be written down. docs/cluster.md lists all keys.

import type { JobTuple } from './jobs.ts'
import { scriptsWith } from './lua.ts'

/** The seconds that one counter of ended runs covers; the drain rate is that of the last one to two counters. */
const BUCKET_SECONDS = 10

/** How many of a client's runs are searched for one whose priority has changed. */
const LOOKED_AT = 64

/**
 * The memory of a run in Redis without its texts, and of a piece of output without its text, in bytes: measured as 3 KB
 * while it waits and 6 when it has ended (docs/cluster.md).
 */
const RUN_BYTES = 3000
const ENDED_BYTES = 3000
const PIECE_BYTES = 150

/** The memory of an idempotency key without its texts, and of each of its ids, in bytes: measured. */
const ONCE_BYTES = 300
const ONCE_ID_BYTES = 40

/**
 * How many kept runs one script removes at most, beside those that make room for what it writes: Redis serves no other
 * command meanwhile.
 */
const LET_GO = 100

/**
 * The part of the memory for reserved and pinned results. The rest is for programs, so that small ones are taken on while
 * all slots of all workers are in use.
 */
export const PROMISED_PART = 0.75

/** The answer to a submission. */
export type SubmitAnswer =
  | ['ok', jobs: JobTuple[]]
  | ['same', ids: string]
  | ['conflict' | 'limited' | 'too_large']
  | ['busy' | 'full', waiting: string, endsPerSecond: string]

/** Not valid; no memory; or attempt, request, meta, channel, earlier starts, whether the request asks for files. */
type StartAnswer = null | ['full'] | [number, string, string, string, number, number]

/** The functions that these scripts share. */
const COMMON = `
-- Ended runs per second.
local function drain_rate()
  local seconds = now() / 1000
  local bucket = math.floor(seconds / ${BUCKET_SECONDS})
  local this = redis.call('GET', key('done:', bucket)) or 0
  local last = redis.call('GET', key('done:', bucket - 1)) or 0
  return (this + last) / (${BUCKET_SECONDS} + seconds % ${BUCKET_SECONDS})
end

-- The priority of a run: how many of the same client's are before it, divided by the client's weight.
local function turn(before, weight)
  return math.min(2097151, math.floor(before / (tonumber(weight) or 1)))
end

-- How many of the same client's runs are before a run. A synchronous run is behind the synchronous ones only.
local function before(id, kind, owner)
  return redis.call('ZRANK', key(kind == 'sync' and 'awaited:' or 'owner:', owner), id) or 0
end

-- Puts a run into the queue of its kind.
local function join_line(id)
  local run = redis.call('HMGET', key('run:', id), 'kind', 'owner')
  if redis.call('HSETNX', key('line:', run[1]), id, run[2]) == 1 then
    add_for('line:by:' .. run[1], run[2], 1)
  end
end

-- Takes it out: a worker has it, or it has ended.
local function leave_line(id)
  for _, kind in ipairs({'sync', 'async'}) do
    local owner = redis.call('HGET', key('line:', kind), id)
    if owner then
      redis.call('HDEL', key('line:', kind), id)
      add_for('line:by:' .. kind, owner, -1)
    end
  end
end

-- The answer of most scripts: {id, environment, attempt, priority, action} of jobs.
local jobs = {}
local function see_job(id, what)
  local run = redis.call('HMGET', key('run:', id), 'environment', 'attempt', 'priority')
  jobs[#jobs + 1] = {id, run[1], run[2], run[3], what}
end

-- Lets as many of a client's parked runs into the queue as its limit allows.
local function unpark(owner)
  local parked, mine = key('parked:', owner), key('owner:', owner)
  local left = redis.call('LLEN', parked)
  if left == 0 then return end
  local active = redis.call('ZCARD', mine) - left
  local limit = tonumber(redis.call('GET', key('limit:', owner)) or 1)
  while left > 0 and (limit == 0 or active < limit) do
    local id = redis.call('LPOP', parked)
    left = left - 1
    local state, weight, kind = unpack(redis.call('HMGET', key('run:', id), 'state', 'weight', 'kind'))
    if state == 'parked' then
      active = active + 1
      local priority = turn(before(id, kind, owner), weight)
      -- 'letIn': it has no job yet; the caller that ended another run adds it.
      redis.call('HSET', key('run:', id), 'state', 'queued', 'queuedAt', now(), 'priority', priority, 'letIn', 1)
      join_line(id)
      see_job(id)
    elseif not state then
      redis.call('ZREM', mine, id)
    end
  end
end

-- Moves the first of a client's waiting runs whose priority is better than when it came: fewer of the client's runs are
-- before it now. Else clients that always have one run would always be before it.
local function move_up(owner)
  for rank, id in ipairs(redis.call('ZRANGE', key('owner:', owner), 0, ${LOOKED_AT - 1})) do
    local state, kind, weight, was = unpack(redis.call('HMGET', key('run:', id), 'state', 'kind', 'weight', 'priority'))
    local priority = turn(kind == 'sync' and before(id, 'sync', owner) or rank - 1, weight)
    if state == 'queued' and priority < tonumber(was) then
      redis.call('HSET', key('run:', id), 'priority', priority)
      return see_job(id, 'moved')
    end
  end
end

local function add_unfinished(owner, bytes, kind)
  if bytes == 0 then return end
  redis.call('INCRBY', key('bytes:', kind), bytes)
  add_for('bytes:by:' .. kind, owner, bytes)
end

-- Reserves bytes for the result of a run, or gives them back: 0.
local function reserve(id, bytes)
  local before = tonumber(redis.call('HGET', key('reserved'), id) or 0)
  if bytes == 0 then redis.call('HDEL', key('reserved'), id) else redis.call('HSET', key('reserved'), id, bytes) end
  if bytes ~= before then redis.call('INCRBY', key('reserved:bytes'), bytes - before) end
end

-- The bytes of results that must stay, and those that are reserved for results.
local function promised()
  return number('pinned:bytes') + number('reserved:bytes')
end

local function size_of_kept(id)
  local bytes, owner = string.match(redis.call('HGET', key('kept:size'), id) or '', '^(%d+) (.+)$')
  return tonumber(bytes), owner
end

local function let_go(id)
  local bytes, owner = size_of_kept(id)
  redis.call('ZREM', key('kept'), id)
  redis.call('HDEL', key('kept:size'), id)
  -- An idempotency key is removed with the last of its runs.
  local once = redis.call('HGET', key('run:', id), 'once')
  if once and redis.call('HINCRBY', key('once:', once), 'left', -1) <= 0 then redis.call('DEL', key('once:', once)) end
  redis.call('UNLINK', key('run:', id), key('events:', id))
  if not bytes then return end
  redis.call('INCRBY', key('kept:bytes'), -bytes)
  if redis.call('ZREM', key('kept:', owner), id) == 1 then add_for('kept:by', owner, -bytes)
  else redis.call('INCRBY', key('pinned:bytes'), -bytes) end
end

-- Removes the kept runs whose time is over, and then the oldest runs of the client that has most until the rest fits.
-- Returns whether there may be more to remove. 'made' is the number of bytes that were just written.
local function shrink(made)
  local over = redis.call('ZRANGEBYSCORE', key('kept'), '-inf', now(), 'LIMIT', 0, ${LET_GO})
  for _, id in ipairs(over) do let_go(id) end
  local max = number('max-bytes') / 2
  for _ = 1, ${LET_GO} + math.ceil(made / ${RUN_BYTES + ENDED_BYTES}) do
    if number('kept:bytes') <= max then return #over == ${LET_GO} end
    local most = redis.call('ZREVRANGE', key('kept:by'), 0, 0)[1]
    if not most then return false end
    local oldest = redis.call('ZRANGE', key('kept:', most), 0, 0)[1]
    if oldest then let_go(oldest) else redis.call('ZREM', key('kept:by'), most) end
  end
  return true
end

-- Ends a run with 'finished', 'failed' or 'cancelled'. With is_told the end itself is published, which saves the waiter a
-- round trip. A waiting run's job is removed; another run of the same client may be queued, and one moved.
local function finish(id, state, payload, is_told, is_displaced)
  local run = redis.call('HMGET', key('run:', id), 'owner', 'kind', 'ttlMs', 'channel', 'state', 'bytes', 'grown', 'once')
  local ttl = tonumber(run[3])
  local at = now()
  local bytes, grown = tonumber(run[6]) or 0, tonumber(run[7]) or 0
  add_unfinished(run[1], -bytes, run[2])
  reserve(id, 0)
  redis.call('HSET', key('run:', id), 'state', state, 'endedAt', at, 'expiresAt', at + ttl)
  if run[2] == 'sync' then
    bytes = bytes - redis.call('HSTRLEN', key('run:', id), 'request')
    redis.call('HDEL', key('run:', id), 'request')
  end
  redis.call('XADD', key('events:', id), '1000000-0', 'type', 'end', 'data', payload)
  redis.call('PEXPIRE', key('run:', id), ttl)
  redis.call('PEXPIRE', key('events:', id), ttl)
  -- With the last end its idempotency key gets the time of these: an expired run does not name it any more.
  if run[8] and redis.call('HINCRBY', key('once:', run[8]), 'open', -1) <= 0 then
    redis.call('PEXPIRE', key('once:', run[8]), ttl)
  end
  redis.call('ZREM', key('live'), id)
  leave_line(id)
  redis.call('ZREM', key('owner:', run[1]), id)
  redis.call('ZREM', key('awaited:', run[1]), id)
  if redis.call('EXISTS', key('owner:', run[1])) == 0 then redis.call('DEL', key('limit:', run[1])) end
  if run[5] == 'running' and state ~= 'cancelled' then
    local bucket = key('done:', math.floor(at / 1000 / ${BUCKET_SECONDS}))
    redis.call('INCR', bucket)
    redis.call('EXPIRE', bucket, ${BUCKET_SECONDS * 3})
  end
  local size = bytes + grown + #payload + ${ENDED_BYTES}
  redis.call('ZADD', key('kept'), at + ttl, id)
  redis.call('HSET', key('kept:size'), id, size .. ' ' .. run[1])
  redis.call('INCRBY', key('pinned:bytes'), size)
  if redis.call('INCRBY', key('kept:bytes'), size) > number('max-bytes') / 2 then shrink(size) end
  if run[2] == 'async' then redis.call('XADD', key('ended'), '*', 'id', id) end
  redis.call('PUBLISH', run[4], id .. (is_told and ' end ' .. payload or ' events'))
  if run[5] == 'parked' then
    redis.call('LREM', key('parked:', run[1]), 1, id)
    return
  end
  if run[5] == 'queued' then see_job(id, 'over') end
  if not is_displaced then unpark(run[1]) end
  move_up(run[1])
end

-- Whether a worker still has a run.
local function holds(id, attempt)
  local run = redis.call('HMGET', key('run:', id), 'state', 'attempt')
  return run[1] == 'running' and run[2] == attempt
end
`
/** Makes scripts that Redis refuses if its memory is full. */
const script = scriptsWith(COMMON)
/** Makes scripts that must work then, too. */
const scriptEvenIfFull = scriptsWith(`${COMMON}even_if_full()`)

/**
 * Takes runs of one client on, all or none: `ok` with jobs, `same` with the earlier ids, `conflict`, `limited`, `too_large`,
 * or `busy` or `full` (memory) with the number of waiting runs and the runs that end per second.
 *
 * Synchronous and asynchronous runs have a queue and memory each, so that neither kind keeps the other out. A client's
 * share of these is defined in src/admission/fair-share.ts. If the queue of synchronous runs is full, the newest run of
 * the client that has most leaves it, ended as `displaced` says, if that client has more, for its weight, than the
 * newcomer's would have: as on a single server (src/admission/gate.ts). A key's limit refuses a synchronous run only if as
 * many synchronous runs of the key are unfinished; behind asynchronous ones it is parked, before the parked ones of these.
 * ARGV: the submission and `displaced` in JSON, then id, environment, retry, meta and request of each run.
 */
export const submit = script<SubmitAnswer>('SUBMIT')(`
local given, first = cjson.decode(ARGV[2]), 3
local owner, kind, weight, limit, once = given.owner, given.kind, given.weight, given.maxConcurrent or 0, given.idempotency
local max, maxBytes, waitMs, ttlMs = given.maxQueued, given.maxBytes, given.waitMs, given.ttlMs
local n = (#ARGV - first + 1) / 5
local at = now()
local mine, awaited, parked = key('owner:', owner), key('awaited:', owner), key('parked:', owner)
if once then
  local known = redis.call('HMGET', key('once:', owner, ':', once.key), 'digest', 'ids')
  local is_known = false
  -- An answer is remembered until all of its runs are removed.
  for id in string.gmatch(known[2] or '', '%S+') do
    is_known = is_known or redis.call('EXISTS', key('run:', id)) == 1
  end
  if is_known then return known[1] == once.digest and {'same', known[2]} or {'conflict'} end
end
-- The same runs a second time.
if redis.call('EXISTS', key('run:', ARGV[first])) == 1 then
  for i = first, #ARGV, 5 do
    if redis.call('HGET', key('run:', ARGV[i]), 'state') == 'queued' then see_job(ARGV[i]) end
  end
  return {'ok', jobs}
end
-- If its memory is full, Redis refuses this first write.
redis.call('SET', key('max-bytes'), maxBytes)
redis.call('ZREMRANGEBYSCORE', mine, '-inf', at)
redis.call('ZREMRANGEBYSCORE', awaited, '-inf', at)
local own, synchronous, aside = redis.call('ZCARD', mine), redis.call('ZCARD', awaited), redis.call('LLEN', parked)
local keepMs = waitMs + 86400000
-- A list expires after the run in it that waits longest.
local function keep(name)
  if redis.call('PTTL', name) < keepMs then redis.call('PEXPIRE', name, keepMs) end
end
-- The newest synchronous run of the client that has most in the queue, if one more run of this client goes before it.
local function last_in_line(has)
  local most, count = unpack(redis.call('ZREVRANGE', key('line:by:sync'), 0, 0, 'WITHSCORES'))
  if not most or most == owner then return nil end
  for _, id in ipairs(redis.call('ZREVRANGE', key('awaited:', most), 0, ${LOOKED_AT - 1})) do
    if redis.call('HEXISTS', key('line:sync'), id) == 1 then
      local its_weight = tonumber(redis.call('HGET', key('run:', id), 'weight')) or 1
      return (has + 1) / weight < tonumber(count) / its_weight and id or nil
    end
  end
end
local waiting = redis.call('HLEN', key('line:', kind))
if kind == 'sync' and limit > 0 and synchronous + n > limit then return {'limited'} end
local in_line = count_of('line:by:' .. kind, owner)
local come = n
if limit > 0 then
  -- Asynchronous runs go behind the parked ones.
  local room = limit - (own - aside) - (kind == 'async' and aside or 0)
  come = math.max(0, math.min(n, room))
end
local last
-- The number of parked synchronous runs is limited by the key's limit already.
local stay = kind == 'async' and n - come or 0
if not may_wait(come, stay, in_line, aside, max - waiting, max) then
  last = kind == 'sync' and waiting + come > max and last_in_line(in_line)
  if not last then return {'busy', tostring(waiting), tostring(drain_rate())} end
end
local sizes, bytes = {}, 0
local once_bytes = once and math.ceil((${ONCE_BYTES} + #owner + #once.key + #once.digest) / n) + ${ONCE_ID_BYTES} or 0
for i = 0, n - 1 do
  sizes[i] = ${RUN_BYTES} + once_bytes + #ARGV[first + i * 5 + 3] + #ARGV[first + i * 5 + 4]
  bytes = bytes + sizes[i]
end
if not has_room(0, bytes, maxBytes / 4) then return {'too_large'} end
-- Each kind has half of the memory for programs.
local programs = math.min(maxBytes / 2, maxBytes - math.min(promised(), maxBytes * ${PROMISED_PART}))
if not has_room(count_of('bytes:by:' .. kind, owner), bytes, programs / 2 - number('bytes:' .. kind)) then
  return {'full', tostring(waiting), tostring(drain_rate())}
end
-- The newest submission has the current limit of the key.
if limit > 0 or aside > 0 then redis.call('SET', key('limit:', owner), limit, 'KEEPTTL') end
keep(key('limit:', owner))
add_unfinished(owner, bytes, kind)
-- No run of its client takes the slot, which is for the new run.
if last then finish(last, 'failed', given.displaced, true, true) end
if limit == 0 then unpark(owner) end
-- A synchronous run is parked before the first asynchronous one.
local later
for _, id in ipairs(kind == 'sync' and redis.call('LRANGE', parked, 0, synchronous) or {}) do
  if redis.call('HGET', key('run:', id), 'kind') ~= 'sync' then later = later or id end
end
local ids = {}
for i = 0, n - 1 do
  local id, environment, retry = ARGV[first + i * 5], ARGV[first + i * 5 + 1], ARGV[first + i * 5 + 2]
  local priority = turn((kind == 'sync' and synchronous or own) + i, weight)
  redis.call('HSET', key('run:', id), 'state', limit > 0 and 'parked' or 'queued', 'owner', owner,
    'environment', environment, 'retry', retry,
    'kind', kind, 'waitMs', waitMs, 'ttlMs', ttlMs, 'channel', given.channel or key('channel:', id),
    'priority', priority, 'weight', weight, 'attempt', 0, 'handedBack', 0, 'createdAt', at, 'queuedAt', at,
    'waitUntil', at + waitMs, 'bytes', sizes[i], 'meta', ARGV[first + i * 5 + 3], 'request', ARGV[first + i * 5 + 4])
  if once then redis.call('HSET', key('run:', id), 'once', owner .. ':' .. once.key) end
  redis.call('PEXPIRE', key('run:', id), keepMs)
  redis.call('ZADD', key('live'), at + waitMs, id)
  redis.call('ZADD', mine, at + keepMs + i / 1000, id)
  if kind == 'sync' then redis.call('ZADD', awaited, at + keepMs, id) end
  if limit == 0 then
    join_line(id)
    -- The caller adds a job of the likely priority at the same time.
    if priority ~= given.likelyPriority then see_job(id, given.likelyPriority and 'moved') end
  elseif later then redis.call('LINSERT', parked, 'BEFORE', later, id)
  else redis.call('RPUSH', parked, id) end
  ids[#ids + 1] = id
end
for _, name in ipairs({mine, awaited, parked}) do keep(name) end
-- In order: if the limit has grown, the runs that were parked before go first.
unpark(owner)
if kind == 'sync' then redis.call('HDEL', key('run:', ids[1]), 'letIn') end
if once then
  local memory = key('once:', owner, ':', once.key)
  redis.call('HSET', memory, 'digest', once.digest, 'ids', table.concat(ids, ' '), 'open', n, 'left', n)
  redis.call('PEXPIRE', memory, keepMs + ttlMs)
end
return {'ok', jobs}
`)

/** Sets the limits of keys, and queues their parked runs accordingly. ARGV: pairs of client and limit, 0 for none. */
export const setLimits = script<JobTuple[]>('SET_LIMITS')(`
for i = 2, #ARGV, 2 do
  local leftMs = redis.call('PTTL', key('parked:', ARGV[i]))
  if leftMs > 0 then
    redis.call('SET', key('limit:', ARGV[i]), ARGV[i + 1], 'PX', leftMs)
    unpark(ARGV[i])
  end
end
return jobs
`)

/**
 * Gives a queued run to a worker. Nothing if it is not queued, or the job is of an earlier attempt: then it must not be
 * started. `full` if there is no memory for its result: it stays as it is. The same token again gets the same answer, and a
 * new lease.
 */
export const start = script<StartAnswer>('START')(`
local id, attempt, worker, leaseMs, token = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local endBytes, filesBytes, eventsBytes = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local run = redis.call('HMGET', key('run:', id), 'state', 'attempt', 'request', 'meta', 'channel', 'starts', 'token')
if not (run[3] and run[4] and run[5]) then return false end
local is_mine = run[1] == 'running' and run[7] == token and tonumber(run[2]) == tonumber(attempt) + 1
if not is_mine and (run[1] ~= 'queued' or run[2] ~= attempt) then return false end
-- This is in no text of the JSON: quotes are escaped there.
local has_files = not string.find(run[3], '"outputFiles":[]', 1, true)
local mine = tonumber(run[2])
local at = now()
if not is_mine then
  local bytes = endBytes + (has_files and filesBytes or 0)
  if string.find(run[4], '"isFollowed":true', 1, true) then bytes = bytes + eventsBytes end
  local max, there = number('max-bytes'), promised()
  -- If nothing else runs one run may always start, unless pinned results take half: else none could start if the memory
  -- is less than one result may take.
  local is_alone = number('reserved:bytes') == 0 and there <= max / 2
  local all = number('bytes:sync') + number('bytes:async') + there + bytes
  if not is_alone and (there + bytes > max * ${PROMISED_PART} or all > max) then
    return {'full'}
  end
  mine = redis.call('HINCRBY', key('run:', id), 'attempt', 1)
  redis.call('HSET', key('run:', id), 'state', 'running', 'worker', worker, 'takenAt', at, 'token', token)
  leave_line(id)
  reserve(id, bytes)
end
redis.call('ZADD', key('live'), at + leaseMs, id)
redis.call('PUBLISH', run[5], id .. ' taken')
return {mine, run[3], run[4], run[5], tonumber(run[6]) or 0, has_files and 1 or 0}
`)

/** Renews the leases of runs, given as pairs of id and attempt. Returns the pairs that are lost, the first being 0. */
export const renew = scriptEvenIfFull<number[]>('RENEW')(`
local untilMs, lost = now() + tonumber(ARGV[2]), {}
for i = 3, #ARGV, 2 do
  if holds(ARGV[i], ARGV[i + 1]) then redis.call('ZADD', key('live'), untilMs, ARGV[i])
  else lost[#lost + 1] = (i - 3) / 2 end
end
return lost
`)

/**
 * Adds events of a run from a number on; the same ones again change nothing. 0 if the run is not the worker's any more. The
 * first one says that its program has started.
 */
export const append = scriptEvenIfFull<number>('APPEND')(`
local id, attempt, seq = ARGV[2], ARGV[3], tonumber(ARGV[4])
if not holds(id, attempt) then return 0 end
local grown = 0
for i = 5, #ARGV, 2 do
  local added = redis.pcall('XADD', key('events:', id), attempt .. '-' .. seq, 'type', ARGV[i], 'data', ARGV[i + 1])
  if added.err and not string.find(added.err, 'equal or smaller', 1, true) then return added end
  if ARGV[i] == 'start' and not added.err then
    redis.call('HSET', key('run:', id), 'startedAt', now(), 'startedIn', attempt)
    redis.call('HINCRBY', key('run:', id), 'starts', 1)
  end
  if not added.err then grown = grown + #ARGV[i + 1] + ${PIECE_BYTES} end
  seq = seq + 1
end
redis.call('HINCRBY', key('run:', id), 'grown', grown)
redis.call('PUBLISH', redis.call('HGET', key('run:', id), 'channel'), id .. ' events')
return 1
`)

/** Ends a worker's run: {1, jobs}, or {0} if it is not the worker's any more. The same end again is answered with 1. */
export const finish = scriptEvenIfFull<[number, JobTuple[]]>('FINISH')(`
local id, attempt = ARGV[2], ARGV[3]
if not holds(id, attempt) then
  return {redis.call('HGET', key('run:', id), 'endedIn') == attempt and 1 or 0, {}}
end
redis.call('HSET', key('run:', id), 'endedIn', attempt)
finish(id, ARGV[4], ARGV[5], ARGV[6] == '1')
return {1, jobs}
`)

/** Ends a run from outside: {1, worker or '', jobs}, or {0} if it has ended. */
export const end = scriptEvenIfFull<[0] | [1, worker: string, JobTuple[]]>('END')(`
local id = ARGV[2]
local state, worker = unpack(redis.call('HMGET', key('run:', id), 'state', 'worker'))
if not (state == 'queued' or state == 'parked' or state == 'running') then return {0} end
finish(id, ARGV[3], ARGV[4])
return {1, state == 'running' and worker or '', jobs}
`)

/**
 * Queues a worker's run again whose program did not begin. Returns how often that happened to it, or 0 if it is not the
 * worker's any more. The attempt has increased, so that an old job starts nothing. Its wait ends as if it had not been
 * taken. A second call is not counted if no worker has taken the run.
 */
export const handBack = scriptEvenIfFull<number>('HAND_BACK')(`
local id, attempt = ARGV[2], ARGV[3]
local run = redis.call('HMGET', key('run:', id), 'state', 'attempt', 'waitMs', 'createdAt', 'waitUntil', 'backIn',
  'handedBack')
if run[1] == 'queued' and run[2] == attempt and run[6] == attempt then return tonumber(run[7]) end
if not holds(id, attempt) then return 0 end
redis.call('HSET', key('run:', id), 'state', 'queued', 'queuedAt', now(), 'backIn', attempt)
join_line(id)
reserve(id, 0)
redis.call('ZADD', key('live'), tonumber(run[5]) or run[4] + run[3], id)
return redis.call('HINCRBY', key('run:', id), 'handedBack', 1)
`)

/** 1 if the caller is to sweep; no other one does for ARGV[2] milliseconds. */
export const maySweep = scriptEvenIfFull<number>('MAY_SWEEP')(`
return redis.call('SET', key('sweeper'), '1', 'PX', ARGV[2], 'NX') and 1 or 0
`)

/**
 * Handles runs whose wait or lease is over, 100 at most. A waiting run fails; a running one is queued again if its request
 * says `retry` and it was not tried too often, else it fails too. Returns how many they were, and jobs.
 */
export const sweep = scriptEvenIfFull<[number, JobTuple[]]>('SWEEP')(`
local maxAttempts, tooLong, lost = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local at = now()
local function look(id)
  local run = redis.call('HMGET', key('run:', id), 'state', 'retry', 'attempt', 'handedBack', 'waitMs', 'channel',
    'owner', 'kind', 'grown')
  if run[1] == 'running' and run[2] == '1' and run[3] - run[4] < maxAttempts then
    local wait_until = at + tonumber(run[5])
    redis.call('ZADD', key('live'), wait_until, id)
    redis.call('HSET', key('run:', id), 'state', 'queued', 'queuedAt', at, 'waitUntil', wait_until, 'grown', 0)
    join_line(id)
    reserve(id, 0)
    -- The output of the lost attempt stays until the end: it is counted with the run, beside that of the next attempt.
    local grown = tonumber(run[9]) or 0
    add_unfinished(run[7], grown, run[8])
    redis.call('HINCRBY', key('run:', id), 'bytes', grown)
    redis.call('PUBLISH', run[6], id .. ' lost')
    see_job(id)
  else
    finish(id, 'failed', run[1] == 'running' and lost or tooLong)
  end
end
local due = redis.call('ZRANGEBYSCORE', key('live'), '-inf', at, 'LIMIT', 0, 100)
for _, id in ipairs(due) do
  -- An unknown or broken run must not stop the sweep.
  if redis.call('EXISTS', key('run:', id)) == 0 or not pcall(look, id) then
    redis.call('ZREM', key('live'), id)
    leave_line(id)
    reserve(id, 0)
    if redis.call('EXISTS', key('run:', id)) == 0 then redis.call('UNLINK', key('events:', id)) end
  end
end
return {#due + (shrink(0) and 1 or 0), jobs}
`)

/**
 * Checks that unfinished runs still have jobs, from a place in the list on, and returns the jobs that must be added. A job
 * is missed if it is gone, if it is over although its run was not started, and if its taker has not started the run since
 * an earlier audit, so that it was probably lost. In the last two cases the attempt increases, so that the old job starts
 * nothing. A synchronous run whose first job is gone fails instead: the server that queued it is gone, or has refused it;
 * except one that was parked, whose job others were to add. ARGV: place, count, prefix of BullMQ's keys, least age in
 * milliseconds, the end of a run that fails.
 */
export const audit = scriptEvenIfFull<[number, JobTuple[]]>('AUDIT')(`
local from, count, queues, age, lost = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), ARGV[6]
local at = now()

-- Whether a job is 'gone', 'over', or 'held' for too long.
local function missed(id, job, queuedAt)
  local facts = redis.call('HMGET', job, 'processedOn', 'finishedOn')
  if facts[2] then return at - queuedAt > age and 'over' end
  if redis.call('EXISTS', job) == 0 then return at - queuedAt > age and 'gone' end
  if redis.call('EXISTS', job .. ':lock') == 0 then return false end
  local seen = redis.call('HMGET', key('run:', id), 'heldSince', 'heldSeenAt')
  if seen[1] == facts[1] then return at - tonumber(seen[2]) > age and 'held' end
  redis.call('HSET', key('run:', id), 'heldSince', facts[1], 'heldSeenAt', at)
  return false
end

local function look(id)
  local run = redis.call('HMGET', key('run:', id), 'state', 'environment', 'attempt', 'kind', 'queuedAt', 'owner', 'letIn')
  if run[1] == 'queued' then
    local why = missed(id, queues .. ':runs-' .. run[2] .. ':' .. id .. '-' .. run[3], tonumber(run[5]))
    if why == 'gone' and run[4] ~= 'async' and run[3] == '0' and not run[7] then
      finish(id, 'failed', lost)
    elseif why then
      redis.call('HSET', key('run:', id), 'queuedAt', at)
      if why ~= 'gone' then
        redis.call('HINCRBY', key('run:', id), 'attempt', 1)
        redis.call('HINCRBY', key('run:', id), 'handedBack', 1)
      end
      see_job(id)
    end
  elseif run[1] == 'parked' then
    -- If a run before it vanished, no end lets it in.
    unpark(run[6])
  end
end

for _, id in ipairs(redis.call('ZRANGE', key('live'), from, from + count - 1)) do pcall(look, id) end

-- If there are few enough.
local live = redis.call('ZRANGE', key('live'), 0, count)
if #live <= count then
  for _, kind in ipairs({'sync', 'async'}) do
    redis.call('DEL', key('line:', kind), key('line:by:', kind), key('bytes:', kind), key('bytes:by:', kind))
  end
  for _, id in ipairs(live) do
    local run = redis.call('HMGET', key('run:', id), 'owner', 'bytes', 'kind', 'state')
    if run[1] then add_unfinished(run[1], tonumber(run[2]) or 0, run[3]) end
    if run[1] and run[4] == 'queued' then join_line(id) end
  end
end
-- The same with reserved and pinned bytes, which servers and workers of an earlier version don't know.
if redis.call('HLEN', key('reserved')) <= count then
  for _, id in ipairs(redis.call('HKEYS', key('reserved'))) do
    if redis.call('HGET', key('run:', id), 'state') ~= 'running' then reserve(id, 0) end
  end
end
if redis.call('ZCARD', key('kept:by')) <= count then
  local pinned, by = number('kept:bytes'), redis.call('ZRANGE', key('kept:by'), 0, -1, 'WITHSCORES')
  for i = 2, #by, 2 do pinned = pinned - by[i] end
  redis.call('SET', key('pinned:bytes'), pinned)
end
return {redis.call('ZCARD', key('live')), jobs}
`)

/** The end of an asynchronous run was handled: its request is removed, and its result may be if memory is needed. */
export const seen = scriptEvenIfFull<null>('SEEN')(`
local id = ARGV[2]
local bytes, owner = size_of_kept(id)
if not bytes or redis.call('ZSCORE', key('kept:', owner), id) then return end
local request = redis.call('HSTRLEN', key('run:', id), 'request')
redis.call('HDEL', key('run:', id), 'request')
redis.call('INCRBY', key('pinned:bytes'), -bytes)
bytes = bytes - request
redis.call('HSET', key('kept:size'), id, bytes .. ' ' .. owner)
redis.call('INCRBY', key('kept:bytes'), 0 - request) -- a minus before 0 is none for Redis
redis.call('ZADD', key('kept:', owner), redis.call('HGET', key('run:', id), 'endedAt') or 0, id)
add_for('kept:by', owner, bytes)
shrink(0)
`)

/** Removes a finished run. */
export const forget = scriptEvenIfFull<null>('FORGET')(`
if redis.call('HEXISTS', key('run:', ARGV[2]), 'endedAt') == 1 then let_go(ARGV[2]) end
`)

/** The heartbeat of a worker. ARGV: id, its report, how long that is valid in milliseconds. */
export const heartbeat = scriptEvenIfFull<null>('HEARTBEAT')(`
redis.call('SET', key('worker:', ARGV[2]), ARGV[3], 'PX', ARGV[4])
redis.call('ZADD', key('workers'), now(), ARGV[2])
`)

/** The workers of the last minute: id, valid report or nothing, age of the last heartbeat in milliseconds. */
export const workers = script<[string, string, string][]>('WORKERS')(`
local at, found = now(), {}
redis.call('ZREMRANGEBYSCORE', key('workers'), '-inf', at - 60000)
local all = redis.call('ZRANGE', key('workers'), 0, -1, 'WITHSCORES')
for i = 1, #all, 2 do
  found[#found + 1] = {all[i], redis.call('GET', key('worker:', all[i])) or '', tostring(at - tonumber(all[i + 1]))}
end
return found
`)
