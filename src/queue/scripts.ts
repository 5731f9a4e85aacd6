// What must happen in Redis at once or not at all, in Lua. Time is Redis's own: no two machines' clocks are compared.
//
// A run is a hash `run:ID` (what it is, how far it has come) and a stream `events:ID` (what a reader sees). `live` has
// all that have not ended, by when somebody must look at them: one that waits, when its wait runs out; one that runs,
// when its worker's lease does. Every end goes through `finish`, which ends a run once.
//
// A run is `sync` where somebody waits for its answer, else `async`. Each kind has a line of its own before the workers:
// `line:KIND` has whose each run in it is, `line:by:KIND` how many of them each client's are. `owner:NAME` has all of one
// client's; of these `awaited:NAME` has the synchronous ones. `parked:NAME` has those that may not be in the line yet,
// because as many of the client's are in it or run as `limit:NAME` says: the synchronous ones first, each kind in order.
//
// What they take is estimated: `bytes` of all that have not ended, `bytes:by` of each client's, `bytes:sync` and
// `bytes:sync:by` of the synchronous ones among them. AUDIT counts bytes and lines anew while they are few, so that a run
// that was lost is not counted for ever. Runs that have ended are `kept` until their time is over, or the memory for them is
// needed (`max-bytes`: half of it is for them, a quarter for each kind of those that have not ended), or, where somebody
// waited, until he has the end. `kept:size` has what each of them takes and whose it is, `kept:bytes` the sum. Asynchronous
// ones whose end a server has seen to may go: `kept:NAME` has a client's, the oldest first, `kept:by` the sum of each
// client's. All others are `pinned` until then, with what they take; `pinned:bytes` is the sum.
//
// What a run may come to take until it has ended is `reserved` when a worker takes it, and given back at its end;
// `reserved:bytes` is the sum. So what has come can always be written down. docs/cluster.md lists all keys.

import type { JobTuple } from './jobs.ts'
import { scriptsWith } from './lua.ts'

/** How many seconds one counter of ended runs is for; the drain rate is that of the last one to two of them. */
const BUCKET_SECONDS = 10

/** At how many of a client's runs it is looked for one whose turn has come nearer. With more going it waits for none. */
const LOOKED_AT = 64

/**
 * What a run takes in Redis beside its texts, and a piece of output beside its text, in bytes: measured as 3 KB while it
 * waits and 6 when it has ended (docs/cluster.md).
 */
const RUN_BYTES = 3000
const ENDED_BYTES = 3000
const PIECE_BYTES = 150

/** What an idempotency key takes beside its texts, and each id that it stands for, in bytes: measured. */
const ONCE_BYTES = 300
const ONCE_ID_BYTES = 40

/**
 * How many kept runs one script lets go at most, beside those that make way for what it writes: it keeps all others waiting
 * meanwhile.
 */
const LET_GO = 100

/**
 * The part of the memory that results may be promised which are not there yet, together with those that can't be let go: the
 * rest is for programs, so that small ones are taken on while all places of all workers are taken.
 */
export const PROMISED_PART = 0.75

/** What becomes of runs that were submitted: the words are those of the script. */
export type SubmitAnswer =
  | ['ok', jobs: JobTuple[]]
  | ['same', ids: string]
  | ['conflict' | 'limited' | 'too_large']
  | ['busy' | 'full', waiting: string, endsPerSecond: string]

/** Nothing; that there is no room; or attempt, request, meta, channel, starts before it, whether files are to come back. */
type StartAnswer = null | ['full'] | [number, string, string, string, number, number]

/** What these scripts share. */
const COMMON = `
-- Ended runs in a second.
local function drain_rate()
  local seconds = now() / 1000
  local bucket = math.floor(seconds / ${BUCKET_SECONDS})
  local this = redis.call('GET', key('done:', bucket)) or 0
  local last = redis.call('GET', key('done:', bucket - 1)) or 0
  return (this + last) / (${BUCKET_SECONDS} + seconds % ${BUCKET_SECONDS})
end

-- The priority of a run: how many of the same client's come before it, by the client's share. Others may have as many.
local function turn(before, weight)
  return math.min(2097151, math.floor(before / (tonumber(weight) or 1)))
end

-- How many of the same client's come before a run: whoever waits for an answer comes after others of his own that do, not
-- after what he wants to read later.
local function before(id, kind, owner)
  return redis.call('ZRANK', key(kind == 'sync' and 'awaited:' or 'owner:', owner), id) or 0
end

-- A run has a place in the line of its kind: it waits for a worker.
local function join_line(id)
  local run = redis.call('HMGET', key('run:', id), 'kind', 'owner')
  if redis.call('HSETNX', key('line:', run[1]), id, run[2]) == 1 then
    add_for('line:by:' .. run[1], run[2], 1)
  end
end

-- It has none: a worker has it, or it has ended.
local function leave_line(id)
  for _, kind in ipairs({'sync', 'async'}) do
    local owner = redis.call('HGET', key('line:', kind), id)
    if owner then
      redis.call('HDEL', key('line:', kind), id)
      add_for('line:by:' .. kind, owner, -1)
    end
  end
end

-- The answer of most scripts: {id, environment, attempt, priority, what is to be done} of jobs.
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
      -- 'letIn': it has no job yet, and who ended another run is to add it.
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

local function unfinished()
  return number('bytes:sync') + number('bytes:async')
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

-- One run fewer needs the answer to an idempotency key: it goes with the last one.
local function leave_once(id)
  local once = redis.call('HGET', key('run:', id), 'once')
  if once and redis.call('HINCRBY', key('once:', once), 'left', -1) <= 0 then redis.call('DEL', key('once:', once)) end
end

-- What an attempt wrote that is over stays until the end: it counts as what the run takes, beside what comes anew.
local function keep_grown(id)
  local run = redis.call('HMGET', key('run:', id), 'owner', 'kind', 'grown')
  local grown = tonumber(run[3]) or 0
  if grown == 0 then return end
  add_unfinished(run[1], grown, run[2])
  redis.call('HINCRBY', key('run:', id), 'bytes', grown)
  redis.call('HSET', key('run:', id), 'grown', 0)
end

local function size_of_kept(id)
  local bytes, owner = string.match(redis.call('HGET', key('kept:size'), id) or '', '^(%d+) (.+)$')
  return tonumber(bytes), owner
end

local function let_go(id)
  local bytes, owner = size_of_kept(id)
  redis.call('ZREM', key('kept'), id)
  redis.call('HDEL', key('kept:size'), id)
  leave_once(id)
  redis.call('UNLINK', key('run:', id), key('events:', id))
  if not bytes then return end
  redis.call('INCRBY', key('kept:bytes'), -bytes)
  if redis.call('ZREM', key('kept:', owner), id) == 1 then add_for('kept:by', owner, -bytes)
  else redis.call('INCRBY', key('pinned:bytes'), -bytes) end
end

-- Lets go what has been kept for its time, and then, of whoever has most, the oldest, until there is not too much. Returns
-- whether there may be more to let go. 'made' is how many bytes were written just now.
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

-- Ends a run for good, with 'finished', 'failed' or 'cancelled'; whoever listens is told how where is_told says so, which
-- saves the way of asking. Returns what is to be done about jobs: its own goes where it waits, and of the same client's one
-- may be queued, one moved.
local function finish(id, state, payload, is_told, is_displaced)
  local run = redis.call('HMGET', key('run:', id), 'owner', 'kind', 'ttlMs', 'channel', 'state', 'bytes', 'grown')
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
/** What Redis may refuse where its memory is full: it takes more. */
const script = scriptsWith(COMMON)
/** What must go on then. */
const scriptEvenIfFull = scriptsWith(`${COMMON}even_if_full()`)

/**
 * Takes runs of one client on, all or none: `ok` with what is to be done about jobs, `same` with the ids of the first time,
 * `conflict`, `limited`, `too_large`, or `busy` or `full` (of bytes) with how many wait and how many end in a second.
 *
 * Runs that somebody waits for and those that are read later have a line and memory each, so that neither kind keeps the
 * other out. How much of these a client may have is in src/admission/fair-share.ts. Where a synchronous run finds no place,
 * the newest of the client that has most leaves for it, ended as `displaced` says, if that has more, for its weight, than the
 * newcomer's would have: as in the line of one server (src/admission/gate.ts). A key's bound refuses a synchronous run only
 * where as many synchronous ones of the key have not ended; behind its asynchronous ones it is parked, before those that
 * are parked.
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
  -- An answer is remembered until all of its runs are forgotten.
  for id in string.gmatch(known[2] or '', '%S+') do
    is_known = is_known or redis.call('EXISTS', key('run:', id)) == 1
  end
  if is_known then return known[1] == once.digest and {'same', known[2]} or {'conflict'} end
end
-- What was taken on already is not taken on anew.
if redis.call('EXISTS', key('run:', ARGV[first])) == 1 then
  for i = first, #ARGV, 5 do
    if redis.call('HGET', key('run:', ARGV[i]), 'state') == 'queued' then see_job(ARGV[i]) end
  end
  return {'ok', jobs}
end
-- The first thing that is written is what Redis refuses where its memory is full.
redis.call('SET', key('max-bytes'), maxBytes)
redis.call('ZREMRANGEBYSCORE', mine, '-inf', at)
redis.call('ZREMRANGEBYSCORE', awaited, '-inf', at)
local own, synchronous, aside = redis.call('ZCARD', mine), redis.call('ZCARD', awaited), redis.call('LLEN', parked)
local keepMs = waitMs + 86400000
-- A list of several runs stays as long as the one that waits longest.
local function keep(name)
  if redis.call('PTTL', name) < keepMs then redis.call('PEXPIRE', name, keepMs) end
end
-- The newest of the client that has most in the line of synchronous runs, where one more of this client's, which has so
-- many, comes before it.
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
  -- Those that are parked are in the way of what is read later.
  local room = limit - (own - aside) - (kind == 'async' and aside or 0)
  come = math.max(0, math.min(n, room))
end
local last
-- Of synchronous ones no more are parked than the bound says: what is parked of the others keeps them out of nothing.
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
-- Whoever submits knows the bound best: it is that of all of the client's from now on.
if limit > 0 or aside > 0 then redis.call('SET', key('limit:', owner), limit, 'KEEPTTL') end
keep(key('limit:', owner))
add_unfinished(owner, bytes, kind)
-- Its client lets none in for it: the slot is this one's.
if last then finish(last, 'failed', given.displaced, true, true) end
if limit == 0 then unpark(owner) end
-- Before which of its client's a synchronous run is parked: the first that is read later.
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
    -- A job of the likely priority is added at the same time.
    if priority ~= given.likelyPriority then see_job(id, given.likelyPriority and 'moved') end
  elseif later then redis.call('LINSERT', parked, 'BEFORE', later, id)
  else redis.call('RPUSH', parked, id) end
  ids[#ids + 1] = id
end
for _, name in ipairs({mine, awaited, parked}) do keep(name) end
-- In order with those that were parked before: where the bound has grown they come first.
unpark(owner)
if kind == 'sync' then redis.call('HDEL', key('run:', ids[1]), 'letIn') end
if once then
  local memory = key('once:', owner, ':', once.key)
  redis.call('HSET', memory, 'digest', once.digest, 'ids', table.concat(ids, ' '), 'left', n)
  redis.call('PEXPIRE', memory, keepMs + ttlMs)
end
return {'ok', jobs}
`)

/**
 * Keys have other bounds now: what of theirs that was parked may be queued. ARGV: pairs of client and bound, 0 for none.
 */
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
 * A worker takes a run that is queued: its new attempt, what is to run, how often its program was started before, and whether
 * files are to come back. Nothing where it is not queued, or this job is of an attempt that is over: then nobody may start
 * it. `full` where there is no memory for what may come of it: it stays as it is. The same token again is answered the
 * same, with a lease that begins anew.
 */
export const start = script<StartAnswer>('START')(`
local id, attempt, worker, leaseMs, token = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local endBytes, filesBytes, eventsBytes = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local run = redis.call('HMGET', key('run:', id), 'state', 'attempt', 'request', 'meta', 'channel', 'starts', 'token')
if not (run[3] and run[4] and run[5]) then return false end
local is_mine = run[1] == 'running' and run[7] == token and tonumber(run[2]) == tonumber(attempt) + 1
if not is_mine and (run[1] ~= 'queued' or run[2] ~= attempt) then return false end
-- As JSON has it, this is in no text: a quote is escaped there.
local has_files = not string.find(run[3], '"outputFiles":[]', 1, true)
local mine = tonumber(run[2])
local at = now()
if not is_mine then
  local bytes = endBytes + (has_files and filesBytes or 0)
  if string.find(run[4], '"isFollowed":true', 1, true) then bytes = bytes + eventsBytes end
  local max, there = number('max-bytes'), promised()
  -- Where nothing else runs one may always, unless what can't make way has half: else none ever would where the memory is
  -- less than one may take.
  local is_alone = number('reserved:bytes') == 0 and there <= max / 2
  if not is_alone and (there + bytes > max * ${PROMISED_PART} or unfinished() + there + bytes > max) then
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

/** A worker goes on with these runs, as pairs of id and attempt: which pairs are not its own any more, the first being 0. */
export const renew = scriptEvenIfFull<number[]>('RENEW')(`
local untilMs, lost = now() + tonumber(ARGV[2]), {}
for i = 3, #ARGV, 2 do
  if holds(ARGV[i], ARGV[i + 1]) then redis.call('ZADD', key('live'), untilMs, ARGV[i])
  else lost[#lost + 1] = (i - 3) / 2 end
end
return lost
`)

/**
 * Events of a run from a place on; the same ones again change nothing. 0 where the run is not the worker's any more. The
 * first one is that its program has started.
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

/**
 * A worker's run has ended: {1, what is to be done about jobs}, or {0} where it is not the worker's any more. The same end
 * again is answered with 1, too.
 */
export const finish = scriptEvenIfFull<[number, JobTuple[]]>('FINISH')(`
local id, attempt = ARGV[2], ARGV[3]
if not holds(id, attempt) then
  return {redis.call('HGET', key('run:', id), 'endedIn') == attempt and 1 or 0, {}}
end
redis.call('HSET', key('run:', id), 'endedIn', attempt)
finish(id, ARGV[4], ARGV[5], ARGV[6] == '1')
return {1, jobs}
`)

/** Somebody else ends a run: {1, worker or '', what is to be done about jobs}, or {0} where it has ended. */
export const end = scriptEvenIfFull<[0] | [1, worker: string, JobTuple[]]>('END')(`
local id = ARGV[2]
local state, worker = unpack(redis.call('HMGET', key('run:', id), 'state', 'worker'))
if not (state == 'queued' or state == 'parked' or state == 'running') then return {0} end
finish(id, ARGV[3], ARGV[4])
return {1, state == 'running' and worker or '', jobs}
`)

/**
 * A worker gives a run back that did not begin: the number of times that this happened to it, or 0 where it is not the
 * worker's any more. The attempt is another one then, so that nobody starts it by an old job. It waits for as long as it
 * would have if nobody had taken it. Given back again, as long as nobody else has taken it, it is counted once.
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

/** 1 where whoever asks is the one to look for lost runs, and nobody else for so many milliseconds. */
export const maySweep = scriptEvenIfFull<number>('MAY_SWEEP')(`
return redis.call('SET', key('sweeper'), '1', 'PX', ARGV[2], 'NX') and 1 or 0
`)

/**
 * Looks at those that somebody must look at, 100 at most. One whose wait ran out fails; one whose worker was lost is
 * queued again where its request says so and it was not tried too often, else it fails too. Returns how many they were,
 * and what must be queued.
 */
export const sweep = scriptEvenIfFull<[number, JobTuple[]]>('SWEEP')(`
local maxAttempts, tooLong, lost = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local at = now()
local function look(id)
  local run = redis.call('HMGET', key('run:', id), 'state', 'retry', 'attempt', 'handedBack', 'waitMs', 'channel')
  if run[1] == 'running' and run[2] == '1' and run[3] - run[4] < maxAttempts then
    local wait_until = at + tonumber(run[5])
    redis.call('ZADD', key('live'), wait_until, id)
    redis.call('HSET', key('run:', id), 'state', 'queued', 'queuedAt', at, 'waitUntil', wait_until)
    join_line(id)
    reserve(id, 0)
    keep_grown(id)
    redis.call('PUBLISH', run[6], id .. ' lost')
    see_job(id)
  else
    finish(id, 'failed', run[1] == 'running' and lost or tooLong)
  end
end
local due = redis.call('ZRANGEBYSCORE', key('live'), '-inf', at, 'LIMIT', 0, 100)
for _, id in ipairs(due) do
  -- What is no run of ours, or none any more, must not be in the way of all others.
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
 * Looks whether unfinished runs still have jobs that somebody can take, from a place in the list on: what must be queued
 * again. A job is missed where it is gone, where it is over although its run was not started, and where whoever took it
 * has not started the run since an audit before: he may have died just then. The attempt is another one in these two
 * cases, so that nobody starts the run by the old job. A synchronous run whose first job is gone fails instead: whoever
 * queued it is gone, or was told so; but for one that was parked, which others were to queue. ARGV: place, count, prefix
 * of the queues' keys, least age in milliseconds, payload.
 */
export const audit = scriptEvenIfFull<[number, JobTuple[]]>('AUDIT')(`
local from, count, queues, age, lost = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), ARGV[6]
local at = now()

-- Whether a job is 'gone', 'over', or 'held' by somebody for too long.
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

-- Where they are few enough to be seen at once.
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
-- So with what is reserved, for a run that goes on, and what is pinned, of one that has ended and was not seen to. A server
-- or worker of an earlier version knows neither.
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

/**
 * The end of an asynchronous run was seen to: its program is not needed any more, and from now on it may be let go where the
 * memory is needed.
 */
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

/** Lets a run go that has ended, and that nobody asks for any more. */
export const forget = scriptEvenIfFull<null>('FORGET')(`
if redis.call('HEXISTS', key('run:', ARGV[2]), 'endedAt') == 1 then let_go(ARGV[2]) end
`)

/** A worker is there: ARGV: id, what it says of itself, how long that holds in milliseconds. */
export const heartbeat = scriptEvenIfFull<null>('HEARTBEAT')(`
redis.call('SET', key('worker:', ARGV[2]), ARGV[3], 'PX', ARGV[4])
redis.call('ZADD', key('workers'), now(), ARGV[2])
`)

/** All workers that were there in the last minute: id, what it said of itself or nothing, milliseconds since then. */
export const workers = script<[string, string, string][]>('WORKERS')(`
local at, found = now(), {}
redis.call('ZREMRANGEBYSCORE', key('workers'), '-inf', at - 60000)
local all = redis.call('ZRANGE', key('workers'), 0, -1, 'WITHSCORES')
for i = 1, #all, 2 do
  found[#found + 1] = {all[i], redis.call('GET', key('worker:', all[i])) or '', tostring(at - tonumber(all[i + 1]))}
end
return found
`)
