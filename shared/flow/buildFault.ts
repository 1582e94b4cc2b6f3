/** The run cannot be built as it is; the message tells a person what to do. Another try would end the same. */
export class BuildFault extends Error {
  override name = 'BuildFault';
}
