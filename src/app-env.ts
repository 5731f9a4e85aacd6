// What handlers find in their context.

export interface AppEnv {
  Variables: {
    requestId: string
  }
}
