// Signing in and out on pages that are for who has a key.

import type { Right } from '../keys/api-key.ts'
import type { RefusalCode } from '../run/refusal.ts'
import { End } from './result.tsx'

export interface ClosedProps {
  /** Why there is nothing to see. */
  refusal: { code: RefusalCode; message: string }
  /** Whether the page is for who has a key. */
  needsKey: boolean
  isSignedIn: boolean
  /** The page itself, seen from its folder. */
  action: string
  right: Right
}

/** Why there is nothing to see, and a form for a key where one would help. */
export function Closed({ refusal, needsKey, isSignedIn, action, right }: ClosedProps) {
  const isUnknown = refusal.code === 'unauthorized'
  const asked = isSignedIn ? 'This key is not known.' : 'This page asks for a key.'
  const heading = isUnknown ? asked : 'Nothing to see.'
  return (
    <>
      <End ended={{ refusal: { heading, detail: refusal.message } }} />
      {needsKey && (isUnknown || refusal.code === 'forbidden') && (
        <form method="post" action={action} class="sign-in">
          <p class="key">
            <label for="key">API key with the right {right}</label>
            <input id="key" name="key" type="password" autocomplete="current-password" required />
          </p>
          <button type="submit" class="primary">
            Sign in
          </button>
        </form>
      )}
    </>
  )
}

export function SignOut({ action }: { action: string }) {
  return (
    <form method="post" action={action}>
      <button type="submit">Sign out</button>
    </form>
  )
}
