const codes = new Set(Intl.supportedValuesOf('currency'));

/** Whether it is an ISO 4217 code that the runtime's Unicode data knows, such as CNY. */
export function isCurrency(code: string): boolean {
  return codes.has(code);
}

/** How many decimals people write for a currency: 2 for CNY, 0 for JPY. The code must be a currency. */
export function currencyDecimals(code: string): number {
  return (
    new Intl.NumberFormat('en', { style: 'currency', currency: code }).resolvedOptions().maximumFractionDigits ?? 2
  );
}
