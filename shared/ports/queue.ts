/** A doorbell: the truth is in the store, so one too many does nothing and a lost one is rung again by the clock. */
export interface Doorbell {
  registry: string;
  runId: string;
}

export interface FollowUp extends Doorbell {
  /** The instant the run's row names for its next question; another one is an echo of an old message. */
  at: string;
}

export interface Queue {
  ringStart(doorbells: Doorbell[], delaySeconds?: number): Promise<void>;
  ringFollow(followUp: FollowUp, delaySeconds: number): Promise<void>;
}
