/** The time, so that the flow can be tested without waiting. */
export interface Clock {
  now(): Date;
}
