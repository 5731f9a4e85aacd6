// Signing in and out on pages that are for who has a key.

import type { Right } from '../keys/api-key.ts'

/** `action` is the page itself, seen from its folder. */
export function SignIn({ action, right }: { action: string; right: Right }) {
  return (
    <form method="post" action={action} class="sign-in">
      <p class="key">
        <label for="key">API key with the right {right}</label>
        <input id="key" name="key" type="password" autocomplete="current-password" required />
      </p>
      <button type="submit" class="primary">
        Sign in
      </button>
    </form>
  )
}

export function SignOut({ action }: { action: string }) {
  return (
    <form method="post" action={action}>
      <button type="submit">Sign out</button>
    </form>
  )
}
