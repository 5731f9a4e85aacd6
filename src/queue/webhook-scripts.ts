// The queue of webhooks in Redis, in Lua: which of them have a job in BullMQ, and which wait for their host or client.
//
// `hooks` has the state of each open webhook, `hooks:open` its deadline, `hooks:by` the number of each client's. One that
// is `admitted` holds a slot of its host (`hooks:hosts`) and of its client (`hooks:owners`), counted over all servers; it
// loses them when its attempt ends, and is `retried` until the next one. One that is `parked` waits in the list of its
// lane, which is one client's messages for one host: `hooks:of-host:HOST` and `hooks:of-owner:NAME` have the waiting
// lanes in order. So a waiting webhook costs nothing, and waits for no other client's whole backlog.
//
// `hooks:held` has the bytes of results that each client's webhooks keep, and their sum under an empty name.
// `hooks:asked` has those with a job, by the time when the job was last seen.

import { CLIENT_SLOTS, HOST_SLOTS } from '../webhooks/attempt-slots.ts'
import { scriptsWith } from './lua.ts'

/** A webhook: the id of its run, and its host. */
export type Hook = [id: string, host: string]

/** `admitted`: it has slots and a job. `retried`: its job waits for the next attempt. `parked`: it has neither. */
export type HookState = 'admitted' | 'retried' | 'parked'

/** How many lanes are searched for a webhook that may be sent. Lanes that may not are moved to the end. */
const LOOKED_AT = 64
/** How many webhooks one script ends or looks for at most: Redis serves no other command meanwhile. */
const AT_ONCE = 100

/** The functions that these scripts share. */
const script = scriptsWith(`
local function forget(id)
  redis.call('HDEL', key('hooks'), id)
  redis.call('ZREM', key('hooks:open'), id)
  redis.call('ZREM', key('hooks:asked'), id)
end

local function known(id)
  local text = redis.call('HGET', key('hooks'), id)
  if text then return cjson.decode(text) end
  forget(id)
end

local function note(id, hook, state)
  hook.state = state
  redis.call('HSET', key('hooks'), id, cjson.encode(hook))
end

local function may_go(hook)
  return count_of('hooks:hosts', hook.host) < ${HOST_SLOTS} and count_of('hooks:owners', hook.owner) < ${CLIENT_SLOTS}
end

local function admit(id, hook)
  note(id, hook, 'admitted')
  redis.call('ZADD', key('hooks:asked'), now(), id)
  add_for('hooks:hosts', hook.host, 1)
  add_for('hooks:owners', hook.owner, 1)
end

local function lane_of(hook)
  return hook.owner .. '\\n' .. hook.host
end

-- Moves the lane of a webhook behind all others, or removes it if nothing waits in it.
local function next_turn(hook)
  local lane = lane_of(hook)
  local turn = redis.call('EXISTS', key('hooks:lane:', lane)) == 1 and redis.call('INCR', key('hooks:turn'))
  for _, lanes in ipairs({key('hooks:of-host:', hook.host), key('hooks:of-owner:', hook.owner)}) do
    if turn then redis.call('ZADD', lanes, turn, lane) else redis.call('ZREM', lanes, lane) end
  end
end

local function park(id, hook, push)
  note(id, hook, 'parked')
  if redis.call(push, key('hooks:lane:', lane_of(hook)), id) == 1 then next_turn(hook) end
end

-- Admits one webhook of these lanes that may be sent now, and adds it to a list.
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
      admitted[#admitted + 1] = {id, hook.host}
      return
    else
      redis.call('ZADD', lanes, redis.call('INCR', key('hooks:turn')), lane)
    end
  end
end

-- Gives its slots to others.
local function leave(hook, admitted)
  add_for('hooks:hosts', hook.host, -1)
  add_for('hooks:owners', hook.owner, -1)
  admit_from(key('hooks:of-host:', hook.host), admitted)
  admit_from(key('hooks:of-owner:', hook.owner), admitted)
end

local function hold(hook, bytes)
  add_for('hooks:held', hook.owner, bytes)
  add_for('hooks:held', '', bytes)
end

local function close(id, hook, admitted)
  forget(id)
  add_for('hooks:by', hook.owner, -1)
  hold(hook, -hook.held)
  if hook.state == 'parked' then
    redis.call('LREM', key('hooks:lane:', lane_of(hook)), 1, id)
    next_turn(hook)
  elseif hook.state == 'admitted' then
    leave(hook, admitted)
  end
end

even_if_full()
`)

/**
 * Opens a webhook: {'queue'} if a job is to be added, {'wait'} if others of its host or client come first, or {'full'};
 * and 1 if the result is kept for it. A second call is answered the same. No client can have all of the webhooks or of
 * the bytes. ARGV: id, owner, host, bytes of the result, time until its deadline, most webhooks, most bytes.
 */
export const open = script<['queue' | 'wait' | 'full', number]>('HOOK_OPEN')(`
local id, owner, host, bytes = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local hook = known(id)
if not hook then
  local free = tonumber(ARGV[7]) - redis.call('ZCARD', key('hooks:open'))
  if not has_room(count_of('hooks:by', owner), 1, free) then return {'full', 0} end
  local is_held = has_room(count_of('hooks:held', owner), bytes, tonumber(ARGV[8]) - count_of('hooks:held', ''))
  hook = {owner = owner, host = host, held = is_held and bytes or 0}
  redis.call('ZADD', key('hooks:open'), now() + tonumber(ARGV[6]), id)
  add_for('hooks:by', owner, 1)
  hold(hook, hook.held)
  if may_go(hook) then admit(id, hook) else park(id, hook, 'RPUSH') end
end
return {hook.state == 'admitted' and 'queue' or 'wait', hook.held > 0 and 1 or 0}
`)

/** An attempt has ended and another one follows later. Returns the webhooks that need jobs now; a second time, none. */
export const release = script<Hook[]>('HOOK_RELEASE')(`
local hook, admitted = known(ARGV[2]), {}
if hook and hook.state == 'admitted' then
  note(ARGV[2], hook, 'retried')
  leave(hook, admitted)
end
return admitted
`)

/**
 * The job of a webhook was taken: 1 if it may be sent now. 0 if its host or client has no slot for another attempt: it
 * is the next one of its lane then. An unknown webhook may be sent.
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

/** Closes a webhook that was delivered or given up. Returns the webhooks that need jobs now; a second time, none. */
export const close = script<Hook[]>('HOOK_CLOSE')(`
local hook, admitted = known(ARGV[2]), {}
if hook then close(ARGV[2], hook, admitted) end
return admitted
`)

/** Closes some webhooks whose deadline has passed. Returns these, and the ones that need jobs now. */
export const overdue = script<[over: Hook[], next: Hook[]]>('HOOK_OVERDUE')(`
local over, admitted = {}, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('hooks:open'), '-inf', now(), 'LIMIT', 0, ${AT_ONCE})) do
  local hook = known(id)
  if hook then
    close(id, hook, admitted)
    over[#over + 1] = {id, hook.host}
  end
end
return {over, admitted}
`)

/** Some webhooks whose job was not seen for ARGV[2] milliseconds; other callers do not get them again meanwhile. */
export const unsure = script<[...Hook, state: HookState][]>('HOOK_UNSURE')(`
local at, found = now(), {}
local ids = redis.call('ZRANGEBYSCORE', key('hooks:asked'), '-inf', at - tonumber(ARGV[2]), 'LIMIT', 0, ${AT_ONCE})
for _, id in ipairs(ids) do
  local hook = known(id)
  if hook then
    redis.call('ZADD', key('hooks:asked'), at, id)
    found[#found + 1] = {id, hook.host, hook.state}
  end
end
return found
`)
