// The line of webhooks in Redis, in Lua: which of them BullMQ has a job for, and which wait for their host or client.
//
// `hooks` has what is known of each webhook without a last word, `hooks:open` by when it must have had that, `hooks:by` how
// many each client has. One that is `admitted` has a place of its host (`hooks:hosts`) and of its client (`hooks:owners`),
// of all servers together; it loses them with its attempt, and is `retried` until the next one. One that is `parked` waits
// in the list of its lane, which is a client's messages for one host: `hooks:of-host:HOST` and `hooks:of-owner:NAME` have
// the lanes that wait, by their turns. So what waits costs nothing, and nobody waits for all of somebody else's backlog.
//
// `hooks:held` has how many bytes of results each client's webhooks keep from being let go, `hooks:held:bytes` the sum.
// `hooks:asked` has those with a job, by when it was last made sure of that.

import { CLIENT_PLACES, HOST_PLACES } from '../webhooks/attempt-places.ts'
import { scriptsWith } from './lua.ts'

/** A webhook: its run, its client, its host. */
export type HookTuple = [id: string, owner: string, host: string]

/** `admitted`: it has its places, and a job. `retried`: it has a job that waits for its next attempt. `parked`: neither. */
export type HookState = 'admitted' | 'retried' | 'parked'

/** How many lanes are looked at for one that may go on. Those that may not go to the end. */
const LOOKED_AT = 64
/** How many one script ends, or looks for, at most: it keeps all others waiting meanwhile. */
const AT_ONCE = 100

/** What these scripts share. */
const script = scriptsWith(`
local function known(id)
  local text = redis.call('HGET', key('hooks'), id)
  return text and cjson.decode(text)
end

local function note(id, hook, state)
  hook.state = state
  redis.call('HSET', key('hooks'), id, cjson.encode(hook))
end

local function may_go(hook)
  return count_of('hooks:hosts', hook.host) < ${HOST_PLACES} and count_of('hooks:owners', hook.owner) < ${CLIENT_PLACES}
end

local function admit(id, hook)
  note(id, hook, 'admitted')
  redis.call('ZADD', key('hooks:asked'), now(), id)
  add_for('hooks:hosts', hook.host, 1)
  add_for('hooks:owners', hook.owner, 1)
end

local function list_of(hook)
  return key('hooks:lane:', hook.owner, '\\n', hook.host)
end

-- Puts the lane of a webhook behind all others; where nothing waits in it, it is none.
local function next_turn(hook)
  local lane = hook.owner .. '\\n' .. hook.host
  local lanes = {key('hooks:of-host:', hook.host), key('hooks:of-owner:', hook.owner)}
  local waits = redis.call('EXISTS', list_of(hook)) == 1
  local turn = waits and redis.call('INCR', key('hooks:turn'))
  for _, name in ipairs(lanes) do
    if waits then redis.call('ZADD', name, turn, lane) else redis.call('ZREM', name, lane) end
  end
end

local function park(id, hook, push)
  note(id, hook, 'parked')
  if redis.call(push, list_of(hook), id) == 1 then next_turn(hook) end
end

-- Admits one that waits in these lanes and may go now, and adds it to a list.
local function admit_from(lanes, admitted)
  for _, lane in ipairs(redis.call('ZRANGE', lanes, 0, ${LOOKED_AT - 1})) do
    local id = redis.call('LINDEX', key('hooks:lane:', lane), 0)
    local hook = id and known(id)
    if not hook then
      redis.call('ZREM', lanes, lane)
    elseif may_go(hook) then
      redis.call('LPOP', key('hooks:lane:', lane))
      admit(id, hook)
      next_turn(hook)
      admitted[#admitted + 1] = {id, hook.owner, hook.host}
      return
    else
      redis.call('ZADD', lanes, redis.call('INCR', key('hooks:turn')), lane)
    end
  end
end

-- It has no places any more: others may have them.
local function leave(hook, admitted)
  add_for('hooks:hosts', hook.host, -1)
  add_for('hooks:owners', hook.owner, -1)
  admit_from(key('hooks:of-host:', hook.host), admitted)
  admit_from(key('hooks:of-owner:', hook.owner), admitted)
end

-- It has had its last word.
local function close(id, hook, admitted)
  redis.call('HDEL', key('hooks'), id)
  redis.call('ZREM', key('hooks:open'), id)
  redis.call('ZREM', key('hooks:asked'), id)
  add_for('hooks:by', hook.owner, -1)
  if hook.held > 0 then
    add_for('hooks:held', hook.owner, -hook.held)
    redis.call('INCRBY', key('hooks:held:bytes'), string.format('%.0f', -hook.held))
  end
  if hook.state == 'parked' then
    redis.call('LREM', list_of(hook), 1, id)
    if redis.call('EXISTS', list_of(hook)) == 0 then next_turn(hook) end
  elseif hook.state == 'admitted' then
    leave(hook, admitted)
  end
end

even_if_full()
`)

/**
 * Takes a webhook on: {'queue'} where a job is to be added, {'wait'} where others of its host or client come first, or
 * {'full'}; and 1 where the result is kept for it. A second call says the same again. No client can have all places, nor
 * all of the bytes. ARGV: id, owner, host, bytes of its result, how long it may take, most webhooks, most bytes.
 */
export const open = script<['queue' | 'wait' | 'full', number]>('HOOK_OPEN')(`
local id, owner, host, bytes = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local hook = known(id)
if not hook then
  local open = redis.call('ZCARD', key('hooks:open'))
  if not has_room(count_of('hooks:by', owner), 1, tonumber(ARGV[7]) - open) then return {'full', 0} end
  local free = tonumber(ARGV[8]) - number('hooks:held:bytes')
  local is_held = has_room(count_of('hooks:held', owner), bytes, free)
  hook = {owner = owner, host = host, held = is_held and bytes or 0}
  redis.call('ZADD', key('hooks:open'), now() + tonumber(ARGV[6]), id)
  add_for('hooks:by', owner, 1)
  if hook.held > 0 then
    add_for('hooks:held', owner, bytes)
    redis.call('INCRBY', key('hooks:held:bytes'), bytes)
  end
  if may_go(hook) then admit(id, hook) else park(id, hook, 'RPUSH') end
end
return {hook.state == 'admitted' and 'queue' or 'wait', hook.held > 0 and 1 or 0}
`)

/** An attempt is over and another one follows later: which others are to be queued, as {id, owner, host}. Again: none. */
export const release = script<HookTuple[]>('HOOK_RELEASE')(`
local hook, admitted = known(ARGV[2]), {}
if hook and hook.state == 'admitted' then
  note(ARGV[2], hook, 'retried')
  leave(hook, admitted)
end
return admitted
`)

/**
 * The job of a webhook was handed out: 1 where it may be told now. 0 where its host or client has no place for another
 * attempt: it is the next one of its lane then. What is not known may be told.
 */
export const resume = script<number>('HOOK_RESUME')(`
local id = ARGV[2]
local hook = known(id)
if not hook or hook.state == 'admitted' then return 1 end
if hook.state == 'retried' and may_go(hook) then
  admit(id, hook)
  return 1
end
if hook.state == 'retried' then
  redis.call('ZREM', key('hooks:asked'), id)
  park(id, hook, 'LPUSH')
end
return 0
`)

/** A webhook has had its last word: which others are to be queued. Again: none. */
export const close = script<HookTuple[]>('HOOK_CLOSE')(`
local hook, admitted = known(ARGV[2]), {}
if hook then close(ARGV[2], hook, admitted) end
return admitted
`)

/** Ends those whose time is over, some at once: these, and which others are to be queued. */
export const overdue = script<[HookTuple[], HookTuple[]]>('HOOK_OVERDUE')(`
local over, admitted = {}, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('hooks:open'), '-inf', now(), 'LIMIT', 0, ${AT_ONCE})) do
  local hook = known(id)
  if hook then
    close(id, hook, admitted)
    over[#over + 1] = {id, hook.owner, hook.host}
  else
    redis.call('ZREM', key('hooks:open'), id)
  end
end
return {over, admitted}
`)

/**
 * Some that should have a job, and nobody has made sure of that for so many milliseconds, as {id, owner, host, state}. Nobody
 * else does it now.
 */
export const unsure = script<[...HookTuple, state: HookState][]>('HOOK_UNSURE')(`
local at, found = now(), {}
local ids = redis.call('ZRANGEBYSCORE', key('hooks:asked'), '-inf', at - tonumber(ARGV[2]), 'LIMIT', 0, ${AT_ONCE})
for _, id in ipairs(ids) do
  local hook = known(id)
  if hook then
    redis.call('ZADD', key('hooks:asked'), at, id)
    found[#found + 1] = {id, hook.owner, hook.host, hook.state}
  else
    redis.call('ZREM', key('hooks:asked'), id)
  end
end
return found
`)
