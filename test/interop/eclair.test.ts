import { eclairDriver } from './drivers/eclair/driver.ts'
import { lndDriver } from './drivers/lnd/driver.ts'
import { register } from './register.ts'

register(eclairDriver, lndDriver)
