// Connections to Redis.

import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from 'pino'
import { unavailable } from '../run/refusal.ts'
import { Unreadable } from './stored-run.ts'

/** Longest time for one command, in milliseconds. */
const COMMAND_TIMEOUT_MS = 3000
/** How often a connection is checked, in milliseconds. */
const LOOK_MS = 1000
/** After how many silent checks a PING is sent. */
const LOOKS_UNASKED = 4
/** After how many more the connection is dropped: earlier commands on it may take Redis some seconds. */
const LOOKS_ASKED = 6
/** The same while so many bytes are being sent: the largest result takes a minute at 4 megabits per second. */
const LARGE_BYTES = 2 ** 20
const LOOKS_ASKED_SENDING = 60
/** Longest pause between attempts to connect, in milliseconds. */
const LAST_RETRY_MS = 1000

/** No command is sent twice. It waits for the next attempt to connect, and fails with it. */
const SENT_ONCE = { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 }

/** A connection on which a command fails soon if Redis is away: its sender handles that. */
export function connect(url: string, logger: Logger): Redis {
  const redis = make(url, { ...SENT_ONCE, commandTimeout: COMMAND_TIMEOUT_MS })
  logOutages(redis, logger)
  return redis
}

/**
 * One for large commands, made with the first of them: a command has no time limit, and fails when the connection ends. So
 * nothing is sent twice that Redis may still be receiving.
 */
export function connectForLarge(url: string): Redis {
  return make(url, { ...SENT_ONCE, lazyConnect: true })
}

/** One on which commands wait while Redis is away, and may block. */
export function connectToWait(url: string): Redis {
  return make(url, { maxRetriesPerRequest: null })
}

function make(url: string, options: RedisOptions): Redis {
  const retryStrategy = (attempt: number) => Math.min(attempt * 100, LAST_RETRY_MS)
  const redis = new Redis(url, { retryStrategy, connectTimeout: 2000, ...options })
  redis.on('error', () => {}) // one connection logs outages
  dropWhenSilent(redis)
  return redis
}

/**
 * Connects again if the other end is silent: if a host vanished, or a router forgot the connection, TCP finds out after a
 * quarter of an hour, or never if nothing is sent. Checks are counted, not time: a process that was stopped for a while has
 * received nothing either.
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
    // The PING waits behind the commands that are being sent.
    const isSending = redis.stream.writableLength > LARGE_BYTES
    const asked = isSending ? LOOKS_ASKED_SENDING : LOOKS_ASKED
    if (looks > LOOKS_UNASKED + asked) redis.disconnect(true)
  }
  const timer = setInterval(look, LOOK_MS).unref()
  redis.on('end', () => clearInterval(timer))
}

/** Logs each outage once, not each attempt to connect. */
function logOutages(redis: Redis, logger: Logger): void {
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

/** Sends a command. @throws {Refusal} `unavailable` if Redis is away. @throws {Unreadable} */
export async function ask<T>(question: () => Promise<T>): Promise<T> {
  return question().catch((error) => {
    throw error instanceof Unreadable ? error : unavailable(error)
  })
}
