// While a worker is at the import, the page looks again every two seconds.
setTimeout(() => location.reload(), 2000);
