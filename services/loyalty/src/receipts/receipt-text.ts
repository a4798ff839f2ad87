import type { ReceiptText } from '@regulars/contracts/loyalty/v1/purchases';

/** A line to print for points that were booked (requirement L1), at most 40 full-width characters or 80 letters. */
export function creditedText(points: number, balance: number): ReceiptText {
  return {
    zhCn: `本次获得 ${points} 积分，当前积分 ${balance}`,
    en: `You earned ${points} ${points === 1 ? 'point' : 'points'}. Balance: ${balance}`,
  };
}

/** A line to print for a purchase nobody was named for. */
export function anonymousText(): ReceiptText {
  return {
    zhCn: '凭此小票可在注册会员后补登积分',
    en: 'Keep this receipt: members can claim its points later.',
  };
}

/** A line to print for a member that is not known yet. */
export function pendingText(): ReceiptText {
  return { zhCn: '消费已记录，积分稍后到账', en: 'Purchase recorded. Your points will follow shortly.' };
}

/** A line to print for a purchase that a person looks at first. */
export function heldText(): ReceiptText {
  return { zhCn: '消费已记录，积分待核对后到账', en: 'Purchase recorded. Your points follow after a check.' };
}

/** A line to print for points that were taken back (requirement L6). */
export function takenBackText(points: number, balance: number): ReceiptText {
  return {
    zhCn: `退款扣回 ${points} 积分，当前积分 ${balance}`,
    en: `Refund: ${points} ${points === 1 ? 'point' : 'points'} taken back. Balance: ${balance}`,
  };
}

/** A line to print for a refund whose purchase has not arrived. */
export function refundWaitingText(): ReceiptText {
  return { zhCn: '退款已记录，积分稍后调整', en: 'Refund recorded. Your points will be adjusted shortly.' };
}
