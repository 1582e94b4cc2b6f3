import type { NamedPush, PushProgress } from '../model/state.ts';

/**
 * Names a run to look at. The store is authoritative: a repeated message does nothing, and the timer sends a lost one
 * again.
 */
export interface StartMessage {
  registry: string;
  runId: string;
}

export interface FollowMessage extends StartMessage {
  /** The instant the run's row names for its next question; a message with another instant is outdated. */
  at: string;
}

export interface Queue {
  /** Asks for the queue once. @throws where it is not there, or may not be reached */
  reach(): Promise<void>;
  sendStart(messages: StartMessage[], delaySeconds?: number): Promise<void>;
  /** A push that is to be decided on, or goes on in pages. */
  sendPush(push: NamedPush | PushProgress): Promise<void>;
  sendFollow(followUp: FollowMessage, delaySeconds: number): Promise<void>;
}
