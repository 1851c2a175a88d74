// The walkthrough, step by step.
export async function pictures({ driver, shoot, page }) {
  await driver.palette('Welcome: Open Walkthrough...');
  await driver.quickPick('Complete Code with Residual');
  const steps = page.locator('.getting-started-step');
  await steps.first().waitFor();
  for (let i = 0; i < (await steps.count()); i++) {
    await steps.nth(i).click();
    await shoot(`step-${i + 1}`);
  }
}
