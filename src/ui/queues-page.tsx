// The page in front of the queues: for who is not let in, and why.

import type { RefusalCode } from '../run/refusal.ts'
import { End } from './result.tsx'
import { Shell } from './shell.tsx'
import { SignIn, SignOut } from './sign-in-form.tsx'

export interface QueuesPageProps {
  refusal: { code: RefusalCode; message: string }
  /** Whether a key would help. */
  needsKey: boolean
  isSignedIn: boolean
  hasRuns: boolean
}

export function QueuesPage({ refusal, needsKey, isSignedIn, hasRuns }: QueuesPageProps) {
  const asksForKey = needsKey && (refusal.code === 'unauthorized' || refusal.code === 'forbidden')
  return (
    <Shell
      title="Queues · Safe Code Executor"
      base="../"
      current={undefined}
      hasRuns={hasRuns}
      line="What waits for a worker, and what workers have."
      skip={{ id: 'refusal', text: 'Skip to what is in the way' }}
      more={needsKey && isSignedIn && <SignOut action="queues" />}
    >
      <main class="runs">
        <div id="refusal">
          <End
            ended={{
              refusal: { heading: headingOf(refusal.code, isSignedIn), detail: refusal.message },
            }}
          />
        </div>
        {asksForKey && <SignIn action="queues" right="admin-queues" />}
      </main>
    </Shell>
  )
}

function headingOf(code: RefusalCode, isSignedIn: boolean): string {
  if (code !== 'unauthorized') return 'Nothing to see.'
  return isSignedIn ? 'This key is not known.' : 'This page asks for a key.'
}
