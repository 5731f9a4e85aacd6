// Lua scripts as functions, and the functions that all scripts of the queue share.

import type { Redis } from 'ioredis'
import { FAIR_SHARE_LUA } from '../admission/fair-share.ts'

/** ARGV[1] is the prefix of all keys. */
const BASE = `
local prefix = ARGV[1]
local function key(...) return prefix .. table.concat({...}) end
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- If its memory is full Redis refuses the first write of a script, and allows the others. Running and ending programs,
-- which frees memory, must go on then. This write needs no memory, so Redis allows it.
local function even_if_full()
  redis.call('ZREM', key('live'), '')
end

-- A number, by default 0.
local function number(name)
  return tonumber(redis.call('GET', key(name)) or 0)
end

-- How much of something a client has.
local function count_of(name, who)
  return tonumber(redis.call('ZSCORE', key(name), who) or 0)
end

-- Adds to that; a client with none is removed.
local function add_for(name, who, more)
  if tonumber(redis.call('ZINCRBY', key(name), more, who)) <= 0 then redis.call('ZREM', key(name), who) end
end
${FAIR_SHARE_LUA}`

/** A script, called on a connection with the prefix of all keys and its arguments. */
export type Script<Answer> = (redis: Redis, ...args: (string | number)[]) => Promise<Answer>

/**
 * Makes functions of scripts that share more functions. ioredis sends the text with the first call on each connection, then
 * its digest; and the text again if Redis does not know the digest any more, after the commands that were sent meanwhile.
 */
export function scriptsWith(common: string) {
  return <Answer>(name: string) =>
    (body: string): Script<Answer> =>
    (redis, ...args) => {
      if (!(name in redis)) {
        redis.defineCommand(name, { lua: BASE + common + body, numberOfKeys: 0 })
      }
      return Reflect.apply(Reflect.get(redis, name) as Script<Answer>, redis, args)
    }
}
