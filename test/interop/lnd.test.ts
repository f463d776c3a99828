import { lndDriver } from './drivers/lnd/driver.ts'
import { register } from './register.ts'

register(lndDriver)
