// Connections to Redis.

import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from 'pino'
import { unavailable } from '../run/refusal.ts'
import { Unreadable } from './stored-run.ts'

/** How long Redis may take for one command, in milliseconds. */
const COMMAND_TIMEOUT_MS = 3000
/** How often it is looked whether a connection is one, in milliseconds. */
const LOOK_MS = 1000
/** After how many looks its other end is asked to say something. */
const LOOKS_UNASKED = 4
/** After how many more it must have: what is asked for on it before may take Redis some seconds. */
const LOOKS_ASKED = 6
/** The same while so many bytes are on their way: the largest result takes a minute at 4 megabits a second. */
const LARGE_BYTES = 2 ** 20
const LOOKS_ASKED_SENDING = 60
/** Longest pause between attempts to connect, in milliseconds. */
const LAST_RETRY_MS = 1000

/** Nothing is sent twice; a command waits for a connection that is being made, and fails with the first attempt that does. */
const SENT_ONCE = { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 }

/** A connection on which a command fails soon where Redis is away: whoever sends it knows what to do then. */
export function connect(url: string, logger: Logger): Redis {
  const redis = make(url, { ...SENT_ONCE, commandTimeout: COMMAND_TIMEOUT_MS })
  tellOfOutages(redis, logger)
  return redis
}

/**
 * One for what is large, made when it is first needed: a command is answered however long that takes, and fails when the
 * connection ends. So nothing is sent twice that Redis may still be taking in.
 */
export function connectForLarge(url: string): Redis {
  return make(url, { ...SENT_ONCE, lazyConnect: true })
}

/** One on which a command waits for Redis, and may wait for something in it. */
export function connectToWait(url: string): Redis {
  return make(url, { maxRetriesPerRequest: null })
}

function make(url: string, options: RedisOptions): Redis {
  const retryStrategy = (attempt: number) => Math.min(attempt * 100, LAST_RETRY_MS)
  const redis = new Redis(url, { retryStrategy, connectTimeout: 2000, ...options })
  redis.on('error', () => {}) // one of them tells of outages
  dropWhenSilent(redis)
  return redis
}

/**
 * Connects anew where the other end says nothing any more: a host that vanished, or a router that forgot the connection,
 * tells nobody, and TCP finds out after a quarter of an hour, or never where nothing is sent. Looks are counted, not time:
 * a process that stood still itself has heard nothing either.
 */
function dropWhenSilent(redis: Redis): void {
  let looks = 0
  const heard = () => {
    looks = 0
  }
  const look = () => {
    if (redis.status !== 'ready') return heard()
    looks += 1
    if (looks === LOOKS_UNASKED) redis.ping().then(heard, () => {})
    // What is asked waits behind what is being sent.
    const isSending = redis.stream.writableLength > LARGE_BYTES
    const asked = isSending ? LOOKS_ASKED_SENDING : LOOKS_ASKED
    if (looks > LOOKS_UNASKED + asked) redis.disconnect(true)
  }
  const timer = setInterval(look, LOOK_MS).unref()
  redis.on('end', () => clearInterval(timer))
}

/** Once for each outage, not once for each attempt to connect. */
function tellOfOutages(redis: Redis, logger: Logger): void {
  let isAway = false
  redis.on('error', (error: Error) => {
    if (isAway) return
    isAway = true
    logger.error({ cause: error.message || String(error) }, 'the queue’s Redis is away')
  })
  redis.on('ready', () => {
    if (isAway) logger.info('the queue’s Redis is back')
    isAway = false
  })
}

/** @throws {Refusal} `unavailable` where Redis is. @throws {Unreadable} what is no outage. */
export async function ask<T>(question: () => Promise<T>): Promise<T> {
  return question().catch((error) => {
    throw error instanceof Unreadable ? error : unavailable(error)
  })
}
