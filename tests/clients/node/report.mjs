// Runs one case of a script and tells as JSON what came of it, or which exception was thrown.

export async function report(cases) {
  const [name, ...given] = process.argv.slice(2);
  try {
    console.log(JSON.stringify(await cases[name](...given)));
  } catch (error) {
    console.log(JSON.stringify({ error: told(error) }));
  }
}

function told(error) {
  const { status, statusCode, code, type, message } = error;
  const last = error.lastError && told(error.lastError);
  return { class: error.constructor.name, status: status ?? statusCode, code, type, message, last };
}
