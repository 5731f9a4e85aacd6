// What all Lua scripts of the queue begin with.

import { FAIR_SHARE_LUA } from '../admission/fair-share.ts'

/** ARGV[1] is the prefix of all names. */
const BASE = `
local prefix = ARGV[1]
local function key(...) return prefix .. table.concat({...}) end
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Redis refuses to begin to write where its memory is full, and lets a script that has begun go on: what runs, and what
-- ends and lets memory go, must go on then. This takes nothing, and counts as writing.
local function even_if_full()
  redis.call('ZREM', key('live'), '')
end

-- A number, 0 where there is none.
local function number(name)
  return tonumber(redis.call('GET', key(name)) or 0)
end

-- How much of something somebody has.
local function count_of(name, who)
  return tonumber(redis.call('ZSCORE', key(name), who) or 0)
end

-- Adds to that; who has none is not in it.
local function add_for(name, who, more)
  if tonumber(redis.call('ZINCRBY', key(name), more, who)) <= 0 then redis.call('ZREM', key(name), who) end
end
${FAIR_SHARE_LUA}`

/** Makes scripts that share functions of their own beside these. */
export function scriptsWith(common: string): (body: string) => string {
  return (body) => BASE + common + body
}
