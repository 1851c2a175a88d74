// The walkthrough, step by step.
export async function pictures({ driver, shoot, page }) {
  await driver.palette('Welcome: Open Walkthrough...');
  await driver.quickPick('Complete Code with Residual');
  const steps = page.locator('.getting-started-step');
  await steps.first().waitFor();
  // Beside a side bar there is no room for the steps' own pictures.
  await driver.palette('View: Close Primary Side Bar');
  for (let i = 0; i < (await steps.count()); i++) {
    await steps.nth(i).click();
    await shoot(`step-${i + 1}`);
  }
}
