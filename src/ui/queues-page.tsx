// The page in front of the queues, for a client that is not let in.

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
      line="Runs that wait for a worker, and runs that a worker has taken."
      skip={{ id: 'refusal', text: 'Skip to the message' }}
      more={props.needsKey && props.isSignedIn && <SignOut action="queues" />}
    >
      <main class="runs" id="refusal">
        <Closed {...props} action="queues" right="admin-queues" />
      </main>
    </Shell>
  )
}
