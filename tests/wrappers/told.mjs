// Prints what a call gave, or what it raised, as a line of JSON.
export async function told(name, call) {
  let seen;
  try {
    seen = await call();
  } catch (error) {
    const { status, code, message } = error;
    seen = { raised: error.constructor.name, ...(status ? { status, code } : { message }) };
  }
  console.log(JSON.stringify({ name, seen }));
}
