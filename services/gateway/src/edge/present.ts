/** A message that its owner always sends, although proto3 cannot say so. @throws when it is missing, which is a defect */
export function present<Message>(message: Message | undefined): Message {
  if (message === undefined) throw new Error('an owner left out a message that it promises');
  return message;
}
