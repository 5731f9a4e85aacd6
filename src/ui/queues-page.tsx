// The page in front of the queues: for who is not let in, and why.

import { Shell } from './shell.tsx'
import { Closed, type ClosedProps, SignOut } from './sign-in-form.tsx'

export type QueuesPageProps = Omit<ClosedProps, 'action' | 'right'> & { hasRuns: boolean }

export function QueuesPage({ hasRuns, ...props }: QueuesPageProps) {
  return (
    <Shell
      title="Queues · Safe Code Executor"
      base="../"
      current={undefined}
      hasRuns={hasRuns}
      line="What waits for a worker, and what workers have."
      skip={{ id: 'refusal', text: 'Skip to what is in the way' }}
      more={props.needsKey && props.isSignedIn && <SignOut action="queues" />}
    >
      <main class="runs" id="refusal">
        <Closed {...props} action="queues" right="admin-queues" />
      </main>
    </Shell>
  )
}
