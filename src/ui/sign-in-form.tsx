// The forms to sign in and out, on pages that require a key.

import type { Right } from '../keys/api-key.ts'
import type { RefusalCode } from '../run/refusal.ts'
import { End } from './result.tsx'

export interface ClosedProps {
  /** Why the page shows nothing. */
  refusal: { code: RefusalCode; message: string }
  /** Whether the server has keys. */
  needsKey: boolean
  isSignedIn: boolean
  /** The page's own address, relative to its folder. */
  action: string
  right: Right
}

const HEADINGS: Readonly<Partial<Record<RefusalCode, string>>> = {
  forbidden: 'Access denied.',
  invalid_request: 'The request is not valid.',
}

/** Why the page shows nothing, and a form for a key if one would help. */
export function Closed({ refusal, needsKey, isSignedIn, action, right }: ClosedProps) {
  const isUnknown = refusal.code === 'unauthorized'
  const asked = isSignedIn ? 'This key is not known.' : 'This page requires a key.'
  const heading = isUnknown ? asked : (HEADINGS[refusal.code] ?? 'The page can’t be shown.')
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
